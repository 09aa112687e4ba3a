import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/config/secret.ts';
import { parse, settingsOf, warningsOf } from './fakes.ts';

const SMALL =
  'sinks:\n  local: { provider: embedded, listen: 127.0.0.1:15353, records: [home.netdrift.test] }\n';

describe('settings', () => {
  test('a small file is filled up with defaults', () => {
    const { sinks, ...rest } = settingsOf(SMALL);
    const bare = (detector: string) => ({ detector, options: detector === 'stun' ? { wait: 1_000 } : {} });
    const usual = [bare('interface'), bare('stun'), bare('http')];
    expect(rest).toEqual({
      watch: {
        every: 300_000,
        jitter: 0.1,
        settle: 250,
        settle_limit: 3_000,
        poll: 10_000,
        keep_watch: 20_000,
      },
      detection: { deadline: 5_000 },
      failover: { hold_down: 30_000, remove_after: 300_000 },
      uplinks: [{ name: 'wan', detectors: { ipv4: usual, ipv6: usual }, allow: [] }],
      log: { level: 'info', format: 'auto' },
      state_dir: '/home/me/.local/state/netdrift',
    });
    expect(sinks).toEqual([
      {
        name: 'local',
        provider: 'embedded',
        records: [
          { key: { name: 'home.netdrift.test', type: 'A' }, uplink: 'wan' },
          { key: { name: 'home.netdrift.test', type: 'AAAA' }, uplink: 'wan' },
        ],
        allow: [],
        timeout: 10_000,
        minimum_gap: 5_000,
        drift_check: 3_600_000,
        when_absent: 'keep',
        options: { listen: [{ host: '127.0.0.1', port: 15_353 }] },
        fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    ]);
  });

  test('auto stands for the usual witnesses in their order, but for those the list names itself', () => {
    const { uplinks } = settingsOf(`${SMALL}
uplinks:
  wan:
    ipv4: [{ detector: http, services: [https://ip.example/] }, auto]
    ipv6: [auto, { detector: static, address: "2001:db8::1" }]`);
    const { ipv4 = [], ipv6 = [] } = uplinks[0]?.detectors ?? {};
    expect(ipv4.map(({ detector }) => detector)).toEqual(['http', 'interface', 'stun']);
    expect(ipv4[0]?.options).toMatchObject({ services: [{}] });
    expect(ipv6.map(({ detector }) => detector)).toEqual(['interface', 'stun', 'http', 'static']);
  });

  test('the keep-watch takes a duration or the word off', () => {
    const of = (text: string) => settingsOf(`${SMALL}watch: { keep_watch: ${text} }\n`).watch.keep_watch;
    expect(of('1m')).toBe(60_000);
    expect(of('off')).toBe('off');
  });

  test('records of other hosts are AAAA with a host part', () => {
    const { sinks } = settingsOf(`
sinks:
  local:
    provider: embedded
    listen: "[::1]:53"
    records:
      - { name: nas.example.org, suffix: "::1:2" }
      - { name: lab.example.org, suffix: "::5:0:0:0:9", prefix_length: 56, ttl: 30 }
      - { name: cam.example.org, mac: "00:11:22:33:44:55", types: [AAAA] }
      - { name: nas.example.org, types: [A] }
`);
    expect(sinks[0]?.records).toEqual([
      { key: { name: 'nas.example.org', type: 'AAAA' }, uplink: 'wan', host: { suffix: '::1:2' } },
      {
        key: { name: 'lab.example.org', type: 'AAAA' },
        uplink: 'wan',
        ttl: 30,
        host: { suffix: '::5:0:0:0:9', prefix_length: 56 },
      },
      {
        key: { name: 'cam.example.org', type: 'AAAA' },
        uplink: 'wan',
        host: { suffix: '::211:22ff:fe33:4455', prefix_length: 64 },
      },
      { key: { name: 'nas.example.org', type: 'A' }, uplink: 'wan' },
    ]);
  });

  test('records take TTL and uplink of their sink unless they have their own', () => {
    const { sinks } = settingsOf(`
uplinks:
  dsl: { ipv4: [http], ipv6: [http] }
  lte: { ipv4: [{ detector: http, services: [https://ip.example/] }], interface: wwan0, allow: [cgnat] }
sinks:
  local:
    provider: embedded
    listen: "[::1]:53"
    uplink: dsl
    ttl: 5m
    allow: [cgnat]
    when_absent: clear
    records:
      - Home.Example.ORG.
      - { name: lte.example.org, uplink: lte, ttl: 30 }
      - { name: six.example.org, types: [AAAA] }
`);
    expect(sinks[0]?.records).toEqual([
      { key: { name: 'home.example.org', type: 'A' }, uplink: 'dsl', ttl: 300 },
      { key: { name: 'home.example.org', type: 'AAAA' }, uplink: 'dsl', ttl: 300 },
      { key: { name: 'lte.example.org', type: 'A' }, uplink: 'lte', ttl: 30 },
      { key: { name: 'six.example.org', type: 'AAAA' }, uplink: 'dsl', ttl: 300 },
    ]);
    expect(sinks[0]).toMatchObject({
      when_absent: 'clear',
      options: { listen: [{ host: '::1', port: 53 }] },
    });
  });

  test('the only uplink is the usual one whatever its name, and so is wan among several', () => {
    const uplinkOf = (uplinks: string) =>
      settingsOf(`${SMALL}uplinks:\n${uplinks}`).sinks[0]?.records[0]?.uplink;
    expect(uplinkOf('  lan: { ipv4: [interface] }\n')).toBe('lan');
    expect(uplinkOf('  lan: { ipv4: [interface] }\n  wan: { ipv4: [http] }\n')).toBe('wan');
  });

  test("a provider's own gap between writes is the least, and undercutting it is told", () => {
    const dyn = (more: string) =>
      `sinks: { dyn: { provider: dyndns2, username: me, password: { env: DYN_PASSWORD }, records: [a.example.org]${more} } }`;
    expect(settingsOf(dyn('')).sinks[0]?.minimum_gap).toBe(600_000);
    expect(settingsOf(dyn(', minimum_gap: 1h')).sinks[0]?.minimum_gap).toBe(3_600_000);
    expect(settingsOf(dyn(', minimum_gap: 1s')).sinks[0]?.minimum_gap).toBe(600_000);
    expect(warningsOf(dyn(''))).toEqual([]);
    expect(warningsOf(dyn(', minimum_gap: 1s'))).toMatchObject([
      { path: 'sinks.dyn.minimum_gap', message: 'is shorter than provider dyndns2 allows; 10m is used' },
    ]);
  });

  test('drift: what is never, shorter than usual, or of no use is told', () => {
    const dyn = (more: string) =>
      `sinks: { dyn: { provider: dyndns2, username: me, password: { env: DYN_PASSWORD }, records: [a.example.org]${more} } }`;
    const lookup = (more: string) => settingsOf(dyn(more)).sinks[0]?.drift_lookup;
    expect(lookup('')).toBeUndefined();
    expect(lookup(', drift_lookup: off')).toBeUndefined();
    expect(lookup(', drift_lookup: authoritative')).toEqual({});
    expect(lookup(', drift_lookup: authoritative, drift_resolver: 9.9.9.9')).toEqual({
      resolver: { host: '9.9.9.9', port: 53 },
    });
    expect(settingsOf(dyn(', drift_check: off')).sinks[0]?.drift_check).toBeUndefined();
    expect(warningsOf(dyn(', drift_check: 1m'))).toEqual([]);
    expect(warningsOf(dyn(', drift_check: 2s, drift_resolver: 9.9.9.9'))).toMatchObject([
      { path: 'sinks.dyn.drift_check', message: expect.stringContaining('shorter than 1m') },
      { path: 'sinks.dyn.drift_resolver', message: expect.stringContaining('drift_lookup') },
    ]);
  });

  test('anchors and aliases of a template are followed', () => {
    const { sinks } = settingsOf(
      'sinks:\n  a: { provider: embedded, listen: 127.0.0.1:1, records: &names [x.example.org] }\n' +
        '  b: { provider: embedded, listen: 127.0.0.1:2, records: *names }\n',
    );
    expect(sinks.map(({ records }) => records[0]?.key.name)).toEqual(['x.example.org', 'x.example.org']);
  });

  test('everything is frozen, and secrets and URLs still work', () => {
    const settings = settingsOf(
      'sinks: { dyn: { provider: dyndns2, username: me, password: { env: DYN_PASSWORD }, records: [a.example.org] } }',
    );
    const frozen = (value: unknown): boolean =>
      typeof value !== 'object' ||
      value === null ||
      value instanceof Secret ||
      value instanceof URL ||
      (Object.isFrozen(value) && Object.values(value).every(frozen));
    expect(frozen(settings)).toBe(true);
    const options = settings.sinks[0]?.options as { readonly server: URL; readonly password: Secret };
    expect(options.server.href).toBe('https://members.example.net/');
    expect(options.password.reveal()).toBe('from the environment');
    expect(JSON.stringify(settings)).not.toContain('from the environment');
  });
});

describe('fingerprint', () => {
  const print = (sink: string, changes = {}) =>
    settingsOf(`sinks:\n  ${sink}\n`, changes).sinks[0]?.fingerprint;
  const base = 'dyn: { provider: dyndns2, username: me, password: abcdef, records: [a.example.org] }';

  test('changes with account, place, secret and sink', () => {
    const others = [
      base.replace('username: me', 'username: you'),
      base.replace('abcdef', 'abcdeg'),
      base.replace('username', 'server: https://other.example, username'),
      base.replace('dyn:', 'other:'),
    ];
    expect(new Set([base, ...others].map((text) => print(text))).size).toBe(5);
  });

  test('does not change with records, times, order of keys, or where the secret stands', () => {
    const same = [
      'dyn: { records: [b.example.org], timeout: 30s, ttl: 60, password: abcdef, username: me, provider: dyndns2 }',
      base.replace('abcdef', '{ env: THE_SAME }'),
    ];
    for (const text of same) expect(print(text, { env: { THE_SAME: 'abcdef' } })).toBe(print(base));
  });

  test('holds no secret', () => {
    expect(print(base)).not.toContain('abcdef');
  });
});

describe('warnings', () => {
  test('an uplink that no record uses', () => {
    expect(warningsOf(`${SMALL}uplinks:\n  wan: { ipv4: [http] }\n  old: { ipv4: [http] }\n`)).toMatchObject([
      { line: 5, path: 'uplinks.old', message: 'is used by no record' },
    ]);
  });

  test('classes allowed on one end only', () => {
    const text = (uplink: string, sink: string) =>
      `uplinks: { wan: { ipv4: [http], allow: [${uplink}] } }\nsinks:\n  local: { provider: embedded, listen: 127.0.0.1:53, records: [a.example.org]${sink} }\n`;
    expect(warningsOf(text('private, cgnat', ''))).toMatchObject([
      {
        line: 3,
        path: 'sinks.local',
        message: 'does not publish private, cgnat addresses, which uplink wan allows',
        remedy: 'add allow: [private, cgnat] if they are wanted here, or allow: [] if not',
      },
    ]);
    expect(warningsOf(text('', ', allow: [ula]'))).toMatchObject([
      { path: 'sinks.local.allow', message: 'allows ula addresses, which no uplink of it lets through' },
    ]);
    for (const allow of ['[]', '[private]'])
      expect(warningsOf(text('private, cgnat', `, allow: ${allow}`))).toEqual([]);
  });

  test('a literal secret in a file that others can read', () => {
    const text = (password: string) =>
      `sinks:\n  dyn: { provider: dyndns2, username: me, password: ${password}, records: [a.example.org] }\n`;
    expect(warningsOf(text('hunter2'), { mode: 0o100644 })).toEqual([
      {
        severity: 'warning',
        file: 'config.yaml',
        line: 2,
        column: 53,
        path: 'sinks.dyn.password',
        value: '[secret]',
        message: 'is a secret in a file that others can read (mode 0644)',
        remedy: 'run chmod 600 config.yaml, or write { file: … } or { env: … } instead of the secret',
      },
    ]);
    expect(warningsOf(text('hunter2'), { mode: 0o100600 })).toEqual([]);
    expect(warningsOf(text('hunter2'), { mode: 0o100644, platform: 'win32' })).toEqual([]);
    expect(warningsOf(text('{ env: DYN_PASSWORD }'), { mode: 0o100644 })).toEqual([]);
  });

  test('warnings alone do not refuse the file', () => {
    expect(parse(`${SMALL}uplinks:\n  wan: { ipv4: [http] }\n  old: { ipv4: [http] }\n`).ok).toBe(true);
  });
});
