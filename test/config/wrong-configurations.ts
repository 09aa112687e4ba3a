import type { Surroundings } from '../../src/config/load.ts';
import { providers } from '../../src/sinks/registry.ts';
import { detectorKinds } from '../../src/sources/addresses/registry.ts';

/** A configuration that is wrong in a way people get wrong, and what they are told. */
export interface Wrong {
  readonly title: string;
  readonly text: string;
  /** `line:column path: message (value) | remedy`, one for each problem, in order. */
  readonly told: readonly string[];
  readonly changes?: Partial<Surroundings>;
}

/** A sound sink, indented as a value of `sinks:`. */
const LOCAL = '  local: { provider: embedded, listen: 127.0.0.1:15353, records: [home.netdrift.test] }';
const sinks = `sinks:\n${LOCAL}\n`;
/** A dyndns2 sink with one more line of YAML in it, which is line 6 of the file. */
const dyn = (line: string): string =>
  `sinks:\n  dyn:\n    provider: dyndns2\n    username: me\n    password: { file: /run/secrets/dyn }\n    ${line}\n    records: [home.example.net]\n`;
const password = (value: string): string =>
  `sinks:\n  dyn:\n    provider: dyndns2\n    username: me\n    records: [home.example.net]\n    password: ${value}\n`;
const records = (list: string): string =>
  `sinks:\n  local:\n    provider: embedded\n    listen: 127.0.0.1:15353\n    records:\n      ${list}\n`;
/** With every provider and detector there is, as the program has them. */
const REAL = { providers, detectors: detectorKinds };
const uplinks = (text: string): string => `${sinks}uplinks:\n${text}\n`;

export const WRONG_CONFIGURATIONS: readonly Wrong[] = [
  // The text as a whole.
  {
    title: 'an empty file',
    text: '',
    told: [
      '1:1 : is empty | begin with keys such as sinks: (all of them: watch, detection, failover, uplinks, sinks, log, state_dir)',
    ],
  },
  {
    title: 'nothing but comments',
    text: '# nothing yet\n',
    told: [
      '1:1 : is empty | begin with keys such as sinks: (all of them: watch, detection, failover, uplinks, sinks, log, state_dir)',
    ],
  },
  {
    title: 'a list',
    text: '- a\n- b\n',
    told: [
      '1:1 : must be a mapping, but is a list | begin with keys such as sinks: (all of them: watch, detection, failover, uplinks, sinks, log, state_dir)',
    ],
  },
  {
    title: 'plain text',
    text: 'hello\n',
    told: [
      '1:1 : must be a mapping, but is text | begin with keys such as sinks: (all of them: watch, detection, failover, uplinks, sinks, log, state_dir)',
    ],
  },
  {
    title: 'a number',
    text: '42',
    told: [
      '1:1 : must be a mapping, but is a number | begin with keys such as sinks: (all of them: watch, detection, failover, uplinks, sinks, log, state_dir)',
    ],
  },
  {
    title: 'binary',
    text: 'a: 1\nb: \u0000\u0001\u0002',
    told: ['2:4 : holds a control character, so it is no text | check that this is the right file'],
  },
  {
    title: 'two documents',
    text: `${sinks}---\nsinks: {}\n`,
    told: ['3:1 : begins a second document (---) | keep one document in the file'],
  },
  {
    title: 'an alias bomb',
    text: `a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n`,
    told: [
      '1:1 a: is not a known key | remove it, or use one of: watch, detection, failover, uplinks, sinks, log, state_dir',
      '2:1 b: is not a known key | remove it, or use one of: watch, detection, failover, uplinks, sinks, log, state_dir',
      '3:1 c: is not a known key | remove it, or use one of: watch, detection, failover, uplinks, sinks, log, state_dir',
      '4:29 : has aliases that stand for more than 10000 values | write the values out, without anchors (&) and aliases (*)',
    ],
  },
  {
    title: 'an alias to itself',
    text: `${sinks}log: &log { level: *log }\n`,
    told: [
      '3:20 : is nested too deeply | use at most 50 levels of lists and mappings, and no alias to what it stands in',
    ],
  },
  // What only seems to close a bracket; composing these would end the process, which no handler could stop.
  ...['[', '["]",', '[ #]\n', '- '].map((part) => ({
    title: `${JSON.stringify(part)} without end`,
    text: part.repeat(20_000),
    told: [
      '1:1 : is nested too deeply | use at most 50 levels of lists and mappings, and no alias to what it stands in',
    ],
  })),
  // YAML.
  {
    title: 'a tab',
    text: 'sinks:\n\tlocal:\n\t\tprovider: embedded\n',
    told: [
      '2:1 : is indented with a tab | indent with spaces: the same number for keys that belong together, two more for what is inside',
      '3:1 : is indented with a tab | indent with spaces: the same number for keys that belong together, two more for what is inside',
    ],
  },
  {
    title: 'a bracket left open',
    text: 'sinks:\n  local: { provider: embedded, records: [a.example.org }\n',
    told: [
      '2:56 : is not indented like what it belongs to, or something before it was not closed | indent with spaces: the same number for keys that belong together, two more for what is inside; close every bracket, brace and quote',
    ],
  },
  {
    title: 'a quote left open',
    text: `${sinks}state_dir: "/var/lib\n`,
    told: [
      '4:1 : lacks a closing quote, bracket or brace, or the space between two parts | close what was opened, and write `key: value` with a space after the colon',
    ],
  },
  {
    title: 'no space after the colon',
    text: `${sinks}log:\n  level:debug\n`,
    told: [
      '4:3 log: must be a mapping, but is text | write a mapping: indented `key: value` lines, or { key: value }',
    ],
  },
  {
    title: 'bad indentation',
    text: 'sinks:\n  local:\n    provider: embedded\n   listen: 127.0.0.1:53\n',
    told: [
      '4:1 : is not indented like what it belongs to, or something before it was not closed | indent with spaces: the same number for keys that belong together, two more for what is inside; close every bracket, brace and quote',
    ],
  },
  {
    title: 'a password that begins with *',
    text: password('*hunter2'),
    told: [
      '6:15 sinks.dyn.password: is an alias (*) that no anchor (&) stands for | put the value in quotes if it begins with *',
    ],
  },
  {
    title: 'a password that begins with !',
    text: password('!hunter2'),
    told: ['6:15 : has a tag (!) that means nothing here | put the value in quotes if it begins with !'],
  },
  {
    title: 'a password that begins with @',
    text: password('@hunter2'),
    told: ['6:15 : begins with a character that text cannot begin with (@, `, %) | put the value in quotes'],
  },
  {
    title: 'a password with a colon',
    text: password('hunter2: x'),
    told: [
      '6:15 : has two keys on one line, or a colon inside plain text | put each key on a line of its own, and text with ": " in it in quotes',
    ],
  },
  {
    title: 'a duplicate key',
    text: `log: { level: info }\n${sinks}log: { level: debug }\n`,
    told: ['4:1 log: stands here a second time (first on line 1) | keep one of the two'],
  },
  {
    title: 'a merge key',
    text: `x: &x { level: info }\nlog: { <<: *x }\n${sinks}`,
    told: [
      '1:1 x: is not a known key | remove it, or use one of: watch, detection, failover, uplinks, sinks, log, state_dir',
      '2:8 log."<<": is a merge key, which YAML 1.2 does not have | write the keys out',
    ],
  },
  {
    title: 'a list as key',
    text: `${sinks}? [a, b]\n: c\n`,
    told: ['3:3 : holds something that cannot be a key | begin with a word and a colon: `key: value`'],
  },
  {
    title: 'broken YAML after an unknown key',
    text: `wach: 1\n${sinks}log: [\n`,
    told: [
      '1:1 wach: is not a known key; did you mean watch? | write watch, or remove the key',
      '4:6 log: must be a mapping, but is a list | write a mapping: indented `key: value` lines, or { key: value }',
      '5:1 : is not indented like what it belongs to, or something before it was not closed | indent with spaces: the same number for keys that belong together, two more for what is inside; close every bracket, brace and quote',
    ],
  },
  // Keys.
  {
    title: 'an unknown key at the top',
    text: `${sinks}wach: { every: 5m }\n`,
    told: ['3:1 wach: is not a known key; did you mean watch? | write watch, or remove the key'],
  },
  {
    title: 'an unknown key far from any',
    text: `${sinks}frobnicate: 1\n`,
    told: [
      '3:1 frobnicate: is not a known key | remove it, or use one of: watch, detection, failover, uplinks, sinks, log, state_dir',
    ],
  },
  {
    title: 'an unknown key of watch',
    text: `${sinks}watch:\n  setle: 1s\n`,
    told: ['4:3 watch.setle: is not a known key; did you mean settle? | write settle, or remove the key'],
  },
  {
    title: 'an unknown key of log',
    text: `${sinks}log: { lvl: info }\n`,
    told: ['3:8 log.lvl: is not a known key | remove it, or use one of: level, format'],
  },
  {
    title: 'an unknown key of detection',
    text: `${sinks}detection: { timeout: 5s }\n`,
    told: ['3:14 detection.timeout: is not a known key | remove it, or use one of: deadline'],
  },
  {
    title: 'an unknown key of an uplink',
    text: uplinks('  wan: { ipv4: [interface], iface: eth0 }'),
    told: [
      '4:29 uplinks.wan.iface: is not a known key | remove it, or use one of: ipv4, ipv6, interface, source, allow, agree, accept_exits, metric',
    ],
  },
  {
    title: 'an unknown key of a detector',
    text: uplinks('  wan: { ipv4: [{ detector: stun, wiat: 1s }] }'),
    told: [
      '4:35 uplinks.wan.ipv4[0].wiat: is not a known key; did you mean wait? | write wait, or remove the key',
    ],
  },
  {
    title: 'an unknown key of a sink',
    text: dyn('minimum-gap: 15m'),
    told: [
      '6:5 sinks.dyn.minimum-gap: is not a known key; did you mean minimum_gap? | write minimum_gap, or remove the key',
    ],
  },
  {
    title: 'a password under a wrong key',
    text: dyn('pasword: hunter2'),
    told: [
      '6:5 sinks.dyn.pasword: is not a known key; did you mean password? | write password, or remove the key',
    ],
  },
  {
    title: 'an unknown key of a record',
    text: records('- { name: home.netdrift.test, type: A }'),
    told: [
      '6:37 sinks.local.records[0].type: is not a known key; did you mean types? | write types, or remove the key',
    ],
  },
  // Sorts of values.
  {
    title: 'a duration without a unit',
    text: `${sinks}watch: { every: 5 }\n`,
    told: ['3:17 watch.every: is a number without a unit (5) | write 5s for seconds or 5m for minutes'],
  },
  {
    title: 'a duration without a unit, as text',
    text: `${sinks}watch: { every: "5" }\n`,
    told: [
      '3:17 watch.every: must be a length of time ("5") | write a number with its unit (ms, s, m, h or d), such as 250ms, 5s or 1h30m',
    ],
  },
  {
    title: 'a duration with a strange unit',
    text: `${sinks}watch:\n  settle: 5 seconds\n`,
    told: [
      '4:11 watch.settle: must be a length of time ("5 seconds") | write a number with its unit (ms, s, m, h or d), such as 250ms, 5s or 1h30m',
    ],
  },
  {
    title: 'a duration below zero',
    text: `${sinks}watch: { settle: -1s }\n`,
    told: [
      '3:18 watch.settle: must be a length of time ("-1s") | write a number with its unit (ms, s, m, h or d), such as 250ms, 5s or 1h30m',
    ],
  },
  {
    title: 'a duration too short',
    text: `${sinks}watch: { every: 5ms, settle: 0s, settle_limit: 0s }\n`,
    told: ['3:17 watch.every: is shorter than 1s ("5ms") | give at least 1s'],
  },
  {
    title: 'a duration too long',
    text: `${sinks}watch: { every: 30d }\n`,
    told: ['3:17 watch.every: is longer than 7d ("30d") | give at most 7d'],
  },
  {
    title: 'text for a number',
    text: `${sinks}watch: { jitter: some }\n`,
    told: [
      '3:18 watch.jitter: must be a number, but is text ("some") | write a number without quotes or unit',
    ],
  },
  {
    title: 'a share above one',
    text: `${sinks}watch: { jitter: 10 }\n`,
    told: ['3:18 watch.jitter: is too large (10) | write at most 1'],
  },
  {
    title: 'a word that is none of the list',
    text: `${sinks}log: { level: warning }\n`,
    told: [
      '3:15 log.level: is not one of the possible words ("warning") | write one of: trace, debug, info, warn, error',
    ],
  },
  {
    title: 'no value',
    text: `${sinks}watch:\n`,
    told: [
      '3:7 watch: has no value | write a mapping: indented `key: value` lines, or { key: value }; or remove the key',
    ],
  },
  {
    title: 'a list for a mapping',
    text: 'sinks: [embedded]\n',
    told: [
      '1:8 sinks: must be a mapping from names to sinks, but is a list | write indented `key: value` lines',
    ],
  },
  {
    title: 'text for a sink',
    text: 'sinks:\n  local: embedded\n',
    told: [
      '2:10 sinks.local: must be a mapping with provider and records, but is text | write indented `key: value` lines',
    ],
  },
  {
    title: 'text for a list',
    text: 'sinks:\n  local: { provider: embedded, listen: 127.0.0.1:53, records: home.example.org }\n',
    told: [
      '2:63 sinks.local.records: must be a list of names, but is text | write [first, second], or one line with "- " for each of the names',
    ],
  },
  {
    title: 'yes for true',
    text: 'sinks:\n  hook:\n    provider: webhook\n    url: https://hook.example/\n    follow: yes\n    records: [a.example.org]\n',
    told: [
      '5:13 sinks.hook.follow: must be true or false, but is text ("yes") | write true or false (yes, no, on and off are plain text in YAML 1.2)',
    ],
  },
  {
    title: 'a number as user name',
    text: dyn('ttl: 300').replace('username: me', 'username: 12345'),
    told: [
      '4:15 sinks.dyn.username: must be text, but is a number (12345) | write text; a number or true/false that is meant as text needs quotes',
    ],
  },
  {
    title: 'an empty user name',
    text: dyn('ttl: 300').replace('username: me', 'username: ""'),
    told: ['4:15 sinks.dyn.username: is empty ("") | write something, or remove the key'],
  },
  {
    title: 'a TTL of no whole seconds',
    text: dyn('ttl: 1.5'),
    told: [
      '6:10 sinks.dyn.ttl: must be whole seconds (1.5) | write whole seconds such as 300, or a duration such as 5m',
    ],
  },
  {
    title: 'a class that can never be published',
    text: dyn('allow: [privat, loopback]'),
    told: [
      '6:13 sinks.dyn.allow[0]: is not one of the possible words; did you mean private? ("privat") | write one of: private, cgnat, ula, documentation, benchmark',
      '6:21 sinks.dyn.allow[1]: is not one of the possible words ("loopback") | write one of: private, cgnat, ula, documentation, benchmark',
    ],
  },
  // Names and addresses.
  {
    title: 'a URL for a name',
    text: records('- https://home.example.org/'),
    told: [
      '6:9 sinks.local.records[0]: is not a domain name ("https://home.example.org/") | write a full host name such as home.example.org, without scheme, port or path',
    ],
  },
  {
    title: 'an address for a name',
    text: records('- 192.0.2.1'),
    told: [
      '6:9 sinks.local.records[0]: is an address, and a name is needed here ("192.0.2.1") | write a full host name such as home.example.org, without scheme, port or path',
    ],
  },
  {
    title: 'a name with a blank',
    text: records('- { name: "my home.example.org" }'),
    told: [
      '6:17 sinks.local.records[0].name: is not a domain name ("my home.example.org") | write a full host name such as home.example.org, without scheme, port or path',
    ],
  },
  {
    title: 'a record without a name',
    text: records('- { types: [A] }'),
    told: [
      '6:9 sinks.local.records[0].name: is missing | write a full host name such as home.example.org, without scheme, port or path',
    ],
  },
  {
    title: 'a wrong record type',
    text: records('- { name: a.example.org, types: [AAA, CNAME] }'),
    told: [
      '6:40 sinks.local.records[0].types[0]: is not one of the possible words; did you mean AAAA? ("AAA") | write one of: A, AAAA',
      '6:45 sinks.local.records[0].types[1]: is not one of the possible words ("CNAME") | write one of: A, AAAA',
    ],
  },
  {
    title: 'an address out of range',
    text: uplinks('  wan: { ipv4: [{ detector: static, address: 192.0.2.300 }] }'),
    told: [
      '4:46 uplinks.wan.ipv4[0].address: is not an IP address ("192.0.2.300") | write one address such as 192.0.2.1 or 2001:db8::1, without a prefix length or zone',
    ],
  },
  {
    title: 'a URL without a scheme',
    text: dyn('server: members.example.net'),
    told: [
      '6:13 sinks.dyn.server: is not an http or https URL ("members.example.net") | write it whole, such as https://dns.example.org/update',
    ],
  },
  {
    title: 'an ftp URL',
    text: dyn('server: ftp://members.example.net'),
    told: [
      '6:13 sinks.dyn.server: is not an http or https URL ("ftp://members.example.net") | write it whole, such as https://dns.example.org/update',
    ],
  },
  {
    title: 'a URL with a password',
    text: dyn('server: https://me:hunter2@members.example.net'),
    told: [
      '6:13 sinks.dyn.server: holds a user or password ([secret]) | take it out of the URL and use the keys meant for it',
    ],
  },
  {
    title: 'a port alone',
    text: 'sinks:\n  local: { provider: embedded, listen: 15353, records: [a.example.org] }\n',
    told: [
      '2:40 sinks.local.listen: must be an address and a port (15353) | write an address of this host and a port, such as 127.0.0.1:15353 or [::1]:15353',
    ],
  },
  {
    title: 'a port out of range',
    text: 'sinks:\n  local: { provider: embedded, listen: "127.0.0.1:70000", records: [a.example.org] }\n',
    told: [
      '2:40 sinks.local.listen: is not an address with a port ("127.0.0.1:70000") | write an address of this host and a port, such as 127.0.0.1:15353 or [::1]:15353',
    ],
  },
  {
    title: 'a strange sink name',
    text: 'sinks:\n  "my sink": { provider: embedded, listen: 127.0.0.1:53, records: [a.example.org] }\n',
    told: [
      '2:3 sinks."my sink": is not a name that can be used | use up to 63 letters, digits, ".", "_" and "-", beginning with a letter or digit',
    ],
  },
  {
    title: 'a folder with ~',
    text: `${sinks}state_dir: ~/netdrift\n`,
    told: [
      '3:12 state_dir: begins with ~, which only shells understand ("~/netdrift") | write the whole path, such as /home/me/netdrift',
    ],
  },
  // Providers, detectors, uplinks, records.
  {
    title: 'no sinks',
    text: 'log: { level: info }\n',
    told: [
      '1:1 sinks: is missing | add sinks: with at least one sink, such as local: { provider: embedded, … }',
    ],
  },
  {
    title: 'sinks without a sink',
    text: 'sinks: {}\n',
    told: [
      '1:8 sinks: has no sink | add sinks: with at least one sink, such as local: { provider: embedded, … }',
    ],
  },
  {
    title: 'an unknown provider',
    text: 'sinks:\n  a: { provider: dyndns, records: [a.example.org] }\n',
    told: [
      '2:18 sinks.a.provider: is no known provider; did you mean dyndns2? ("dyndns") | write one of: embedded, dyndns2, webhook',
    ],
  },
  {
    title: 'no provider',
    text: 'sinks:\n  a: { records: [a.example.org] }\n',
    told: ['2:3 sinks.a.provider: is missing | write provider: and one of embedded, dyndns2, webhook'],
  },
  {
    title: 'no records',
    text: 'sinks:\n  local: { provider: embedded, listen: 127.0.0.1:53 }\n',
    told: [
      '2:3 sinks.local.records: is missing | add records: [home.example.org] with the names to keep up to date',
    ],
  },
  {
    title: 'an empty list of records',
    text: records('[]'),
    told: ['6:7 sinks.local.records: lists no record | list at least one name, or remove the sink'],
  },
  {
    title: 'a missing option',
    text: 'sinks:\n  a: { provider: dyndns2, server: "https://a.example", password: { file: /run/secrets/dyn }, records: [a.example.org] }\n',
    told: ['2:3 sinks.a.username: is missing | add the key username'],
  },
  {
    title: 'an unknown detector',
    text: uplinks('  wan: { ipv4: [interfaces, http] }'),
    told: [
      '4:17 uplinks.wan.ipv4[0]: is no known detector; did you mean interface? ("interfaces") | write one of: auto, interface, stun, http, static',
    ],
  },
  {
    title: 'a detector that needs more',
    text: uplinks('  wan: { ipv4: [static] }'),
    told: [
      '4:17 uplinks.wan.ipv4[0]: needs more than its name ("static") | write { detector: static, … } with its keys (address)',
    ],
  },
  {
    title: 'a detector of another sort',
    text: uplinks('  wan: { ipv4: [[http]] }'),
    told: [
      '4:17 uplinks.wan.ipv4[0]: must be text, but is a list | write the name of a detector (auto, interface, stun, http, static), or { detector: name, … }',
    ],
  },
  {
    title: 'auto with keys',
    text: uplinks('  wan: { ipv4: [{ detector: auto, servers: [a.example] }] }'),
    told: [
      '4:29 uplinks.wan.ipv4[0].detector: takes no keys ("auto") | write auto by itself, and detectors with keys of their own beside it',
    ],
  },
  {
    title: 'a keep-watch that is neither a duration nor off',
    text: `watch: { keep_watch: never }\n${uplinks('  wan: { ipv4: [auto] }')}`,
    told: [
      '1:22 watch.keep_watch: must be a length of time ("never") | write off, or a number with its unit (ms, s, m, h or d), such as 20s',
    ],
  },
  {
    title: 'a keep-watch that is too short',
    text: `watch: { keep_watch: 500ms }\n${uplinks('  wan: { ipv4: [auto] }')}`,
    told: ['1:22 watch.keep_watch: is shorter than 1s ("500ms") | give at least 1s'],
  },
  {
    title: 'an uplink that looks for nothing',
    text: uplinks('  wan: { interface: eth0 }'),
    told: ['4:3 uplinks.wan: looks for no address | add ipv4: [auto], or ipv6: [auto], or both'],
  },
  {
    title: 'an empty list of detectors',
    text: uplinks('  wan: { ipv4: [], ipv6: [http] }'),
    told: [
      '4:16 uplinks.wan.ipv4: lists no detector | list at least one detector, or remove the key if this family is not wanted',
    ],
  },
  {
    title: 'an unknown uplink of a sink',
    text: dyn('uplink: wann'),
    told: ['6:13 sinks.dyn.uplink: is no known uplink; did you mean wan? ("wann") | write wan'],
  },
  {
    title: 'an unknown uplink of a record',
    text: records('- { name: a.example.org, uplink: lte }'),
    told: ['6:40 sinks.local.records[0].uplink: is no known uplink ("lte") | write wan'],
  },
  {
    title: 'several uplinks and none named',
    text: uplinks('  dsl: { ipv4: [http] }\n  lte: { ipv4: [http] }'),
    told: [
      '2:67 sinks.local.records[0]: does not say which uplink it follows | add uplink: to the record or its sink, one of: dsl, lte',
    ],
  },
  {
    title: 'a family that is not looked for',
    text: `uplinks:\n  wan: { ipv4: [http] }\n${records('- { name: a.example.org, types: [A, AAAA] }')}`,
    told: [
      '8:43 sinks.local.records[0].types[1]: needs ipv6, which uplink wan does not look for ("AAAA") | add ipv6: with detectors to uplink wan, or remove AAAA here',
    ],
  },
  {
    title: 'a record twice',
    text: records('[a.example.org, { name: A.example.org., types: [AAAA] }]'),
    told: [
      '6:23 sinks.local.records[1]: has a.example.org/AAAA a second time in this sink | keep one of the two, or limit one with types: [A]',
    ],
  },
  {
    title: 'another host by suffix and by card at once',
    text: records("- { name: a.example.org, suffix: '::1', mac: '00:11:22:33:44:55' }"),
    told: [
      '6:47 sinks.local.records[0].mac: stands beside suffix, and both say where the host is | keep one of the two',
    ],
  },
  {
    title: 'a suffix that reaches into the prefix',
    text: records("- { name: a.example.org, suffix: '1::1:2' }"),
    told: [
      '6:40 sinks.local.records[0].suffix: has bits within the prefix, which are the first 64 ("1::1:2") | leave those groups out, or give the length of the delegated prefix with prefix_length, such as 56',
    ],
  },
  {
    title: 'a suffix that reaches into the prefix given',
    text: records("- { name: a.example.org, suffix: '::100:0:0:0:1', prefix_length: 56 }"),
    told: [
      '6:40 sinks.local.records[0].suffix: has bits within the prefix, which are the first 56 ("::100:0:0:0:1") | leave those groups out, or make prefix_length smaller',
    ],
  },
  {
    title: 'a prefix of 200 bits',
    text: records("- { name: a.example.org, suffix: '::1', prefix_length: 200 }"),
    told: ['6:62 sinks.local.records[0].prefix_length: is too large (200) | write at most 127'],
  },
  {
    title: 'a length of prefix without a suffix',
    text: records('- { name: a.example.org, prefix_length: 56 }'),
    told: [
      '6:32 sinks.local.records[0].prefix_length: means nothing without suffix | add suffix: ::1:2, or remove it',
    ],
  },
  {
    title: 'a length of prefix with a card',
    text: records("- { name: a.example.org, mac: '00:11:22:33:44:55', prefix_length: 56 }"),
    told: [
      '6:58 sinks.local.records[0].prefix_length: cannot go with mac, which is always behind 64 bits | remove it, or write suffix: in place of mac',
    ],
  },
  {
    title: 'another host over IPv4',
    text: records("- { name: a.example.org, suffix: '::1', types: [A, AAAA] }"),
    told: [
      '6:55 sinks.local.records[0].types[0]: cannot go with suffix: behind IPv4 the hosts of a LAN have no address of their own outside ("A") | remove it; with suffix a record is AAAA',
    ],
  },
  {
    title: 'another host where IPv6 is not looked for',
    text: `uplinks:\n  wan: { ipv4: [http] }\n${records("- { name: a.example.org, mac: '00:11:22:33:44:55' }")}`,
    told: [
      '8:32 sinks.local.records[0].mac: needs ipv6, which uplink wan does not look for | add ipv6: with detectors to uplink wan',
    ],
  },
  {
    title: 'cards and suffixes that are none',
    text: records(
      "[{ name: a.example.org, mac: '00:11:22:33:44' }, { name: b.example.org, mac: '01:00:5e:00:00:01' }, { name: c.example.org, suffix: '::1/64' }, { name: d.example.org, suffix: '::' }]",
    ),
    told: [
      "6:36 sinks.local.records[0].mac: is not the address of a network card (\"00:11:22:33:44\") | write the address of the host's card in quotes, such as '00:11:22:33:44:55'",
      "6:84 sinks.local.records[1].mac: is the address of a group, not of one card (\"01:00:5e:00:00:01\") | write the address of the host's card in quotes, such as '00:11:22:33:44:55'",
      '6:138 sinks.local.records[2].suffix: is not an IPv6 address ("::1/64") | write the part behind the prefix as an IPv6 address, such as ::1:2',
      '6:181 sinks.local.records[3].suffix: names no host ("::") | write the part behind the prefix as an IPv6 address, such as ::1:2',
    ],
  },
  {
    title: 'numbers that are none',
    text: `${sinks}watch: { jitter: .nan }\nuplinks: { wan: { ipv4: [auto], agree: .inf } }\n`,
    told: [
      '3:18 watch.jitter: must be a number, but is none that counts (NaN) | write a number without quotes or unit',
      '4:40 uplinks.wan.agree: must be a number, but is none that counts (Infinity) | write a number without quotes or unit',
    ],
  },
  {
    title: 'times in the wrong order',
    text: `${sinks}watch: { every: 2s, settle: 5s }\n`,
    told: [
      '3:1 watch.settle_limit: is longer than every (2s) | make settle_limit at most 2s, or every at least 3s',
      '3:29 watch.settle: is longer than settle_limit (3s) ("5s") | make settle at most 3s, or settle_limit at least 5s',
    ],
  },
  {
    title: 'a written address of the other family',
    text: uplinks('  wan: { ipv4: [{ detector: static, address: "::1" }], ipv6: [auto] }'),
    told: [
      '4:46 uplinks.wan.ipv4[0].address: is no IPv4 address, so ipv4 would never be known ("::1") | put it under ipv6:, or write one of ipv4',
    ],
    changes: REAL,
  },
  {
    title: 'a suffix for IPv4',
    text: uplinks('  wan: { ipv4: [{ detector: interface, suffix: "::1:2" }], ipv6: [auto] }'),
    told: [
      '4:48 uplinks.wan.ipv4[0].suffix: is for ipv6 alone, so ipv4 would never be known ("::1:2") | remove it here, and put it under ipv6: if it is meant',
    ],
    changes: REAL,
  },
  {
    title: 'more witnesses wanted than there are',
    text: uplinks(
      '  wan: { agree: 3, ipv4: [{ detector: stun, servers: [a.example, { server: b.example, operator: a.example }] }, http] }\n  lte: { agree: 2, ipv4: [{ detector: stun, servers: [a.example, { server: b.example, operator: a.example }] }] }',
    ).replace('records: [home', 'uplink: wan, records: [home'),
    told: [
      '5:17 uplinks.lte.agree: can never be reached for ipv4, whose witnesses are of one operator, so nothing would be published (2) | write 1 or less, or list witnesses of more operators',
    ],
    changes: REAL,
  },
  {
    title: 'a record outside the zone of its sink',
    text: 'sinks:\n  bind: { provider: rfc2136, zone: example.org, records: [home.example.com, example.org] }\n  cf: { provider: cloudflare, token: { file: /run/secrets/dyn }, zone: example.org, records: [{ name: notexample.org, types: [A] }] }\n',
    told: [
      '2:59 sinks.bind.records[0]: home.example.com is not within example.org, which the sink names as its zone | mend the name or zone:, or put the record into a sink of its own',
      '3:95 sinks.cf.records[0]: notexample.org is not within example.org, which the sink names as its zone | mend the name or zone:, or put the record into a sink of its own',
    ],
    changes: REAL,
  },
  {
    title: 'types that the provider has no place for',
    text: `uplinks: { wan: { ipv4: [auto], ipv6: [auto] }, six: { ipv6: [auto] } }\nsinks:\n  od: { provider: opendns, username: a, password: { file: /run/secrets/dyn }, records: [{ name: a.example.org, types: [AAAA, A] }, { name: b.example.org, uplink: six }, c.example.org] }\n`,
    told: [
      '3:120 sinks.od.records[0].types[0]: cannot be kept here: provider opendns holds A records only ("AAAA") | write types: [A], or use another provider for the other type',
      '3:132 sinks.od.records[1]: would hold AAAA, and provider opendns holds A records only | use another provider for it',
    ],
    changes: REAL,
  },
  {
    title: 'two sinks at one port',
    text: `${sinks}  other: { provider: embedded, listen: "0.0.0.0:15353", records: [b.example.org] }\n`,
    told: [
      '3:40 sinks.other.listen: is where sink local listens already ("0.0.0.0:15353") | give each sink a port of its own, or put the records into one sink',
    ],
  },
  // Secrets.
  {
    title: 'an environment variable that is not set',
    text: password('{ env: NO_SUCH }'),
    told: [
      '6:15 sinks.dyn.password: needs the environment variable NO_SUCH, which is not set | set NO_SUCH for the process, or use { file: … }',
    ],
  },
  {
    title: 'an environment variable that is empty',
    text: password('{ env: EMPTY }'),
    told: [
      '6:15 sinks.dyn.password: needs the environment variable EMPTY, which is empty | give EMPTY the secret as its value',
    ],
  },
  {
    title: 'a secret file that does not exist',
    text: password('{ file: /run/secrets/none }'),
    told: [
      '6:15 sinks.dyn.password: needs /run/secrets/none, which cannot be read: it does not exist | create the file, and let the user netdrift runs as read it',
    ],
  },
  {
    title: 'a secret file that may not be read',
    text: password('{ file: /run/secrets/locked }'),
    told: [
      '6:15 sinks.dyn.password: needs /run/secrets/locked, which cannot be read: permission denied | create the file, and let the user netdrift runs as read it',
    ],
  },
  {
    title: 'a secret file that is empty',
    text: password('{ file: /run/secrets/empty }'),
    told: [
      '6:15 sinks.dyn.password: needs /run/secrets/empty, which is empty | put the secret into the file, and nothing else',
    ],
  },
  {
    title: 'a credential without systemd',
    text: password('{ credential: dyn }'),
    told: [
      '6:15 sinks.dyn.password: needs a systemd credential, and there is no $CREDENTIALS_DIRECTORY | run netdrift as a service with LoadCredential=dyn:/path, or use { file: … }',
    ],
  },
  {
    title: 'a credential with a path',
    text: password('{ credential: ../dyn }'),
    told: [
      '6:15 sinks.dyn.password: is no name of a credential | write the name alone, as in LoadCredential=, without a path',
    ],
    changes: { env: { CREDENTIALS_DIRECTORY: '/run/credentials' } },
  },
  {
    title: 'a number as password',
    text: password('31337'),
    told: [
      '6:15 sinks.dyn.password: must be a secret or a reference to one ([secret]) | write { env: NAME }, { file: /path } or { credential: name }, or the secret itself as text in quotes',
    ],
  },
  {
    title: 'a reference of an unknown sort',
    text: password('{ vault: dyn }'),
    told: [
      '6:15 sinks.dyn.password: must be a secret or a reference to one ([secret]) | write { env: NAME }, { file: /path } or { credential: name }, or the secret itself as text in quotes',
    ],
  },
  {
    title: 'a secret of the wrong form',
    text: 'sinks:\n  hook: { provider: webhook, url: "https://a.example/", key: hunter2, records: [a.example.org] }\n',
    told: [
      '2:62 sinks.hook.key: is not a hexadecimal key ([secret]) | see what the documentation says about this key',
    ],
  },
  // All at once.
  {
    title: 'many problems',
    text: 'watch: { every: 5, jitter: 2 }\nlog: { level: loud }\nuplinks:\n  wan: { ipv4: [carrier], ipv5: [http] }\nsinks:\n  a:\n    provider: nobody\n    records: []\n  b:\n    provider: dyndns2\n    records: [home]\n    timeout: soon\n',
    told: [
      '1:17 watch.every: is a number without a unit (5) | write 5s for seconds or 5m for minutes',
      '1:28 watch.jitter: is too large (2) | write at most 1',
      '2:15 log.level: is not one of the possible words ("loud") | write one of: trace, debug, info, warn, error',
      '4:17 uplinks.wan.ipv4[0]: is no known detector ("carrier") | write one of: auto, interface, stun, http, static',
      '4:27 uplinks.wan.ipv5: is not a known key; did you mean ipv4? | write ipv4, or remove the key',
      '7:15 sinks.a.provider: is no known provider ("nobody") | write one of: embedded, dyndns2, webhook',
      '8:14 sinks.a.records: lists no record | list at least one name, or remove the sink',
      '9:3 sinks.b.username: is missing | add the key username',
      '9:3 sinks.b.password: is missing | write { env: NAME }, { file: /path } or { credential: name }, or the secret itself as text in quotes',
      '12:14 sinks.b.timeout: must be a length of time ("soon") | write a number with its unit (ms, s, m, h or d), such as 250ms, 5s or 1h30m',
    ],
  },
];
