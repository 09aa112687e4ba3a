import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { formatProblems, parseConfiguration } from '../../../src/config/load.ts';
import { nestedTooDeep } from '../../../src/config/yaml-text.ts';
import { readYaml } from '../../../src/config/yaml-tree.ts';
import { describeProvider, snippetOf } from '../../../src/sinks/describe.ts';
import { providers } from '../../../src/sinks/registry.ts';
import { detectorKinds } from '../../../src/sources/addresses/registry.ts';
import { readState, writeState } from '../../../src/state/document.ts';
import { SinkState } from '../../../src/state/sink-memory.ts';
import { surroundings } from '../../config/fakes.ts';
import { STEERING } from '../support/expect.ts';
import { hostileJson } from '../support/json.ts';
import { hostileText } from '../support/mutate.ts';
import { type FuzzTarget, target } from '../support/target.ts';

const real = { ...surroundings, providers, detectors: detectorKinds };
const DEFAULT = readFileSync(new URL('../../../config.yaml', import.meta.url), 'utf8');
const SNIPPETS = providers.map((provider) => snippetOf(describeProvider(provider)));
const CONFIGURATIONS = [
  DEFAULT,
  DEFAULT.replaceAll(/^# {3}/gm, ''),
  'uplinks:\n  wan: { ipv4: [interface, stun, { detector: http, services: [https://a.example] }], ipv6: [dns, router], allow: [cgnat] }\nwatch: { every: 5m, settle: 250ms }\nlog: { level: debug, format: text }\nstate_dir: /tmp/x\n',
  'sinks:\n  dyn:\n    provider: dyndns2\n    server: https://dyn.example\n    username: { env: NAME }\n    password: { credential: dyn }\n    records: [home.example.org, { name: nas.example.org, ipv6_suffix: "::1:2" }, { name: pc.example.org, mac: "00:11:22:33:44:55" }]\n',
];
const WORDS = [
  '&a ',
  '*a',
  '<<: ',
  '!!binary ',
  '!!js/function ',
  '? ',
  '- ',
  '| ',
  '> ',
  '%YAML 9.9\n---\n',
  '---\n...\n---\n',
  '{ env: X }',
  '{ file: /run/secrets/dyn }',
  '\u0085',
  '\u2028',
  '~',
  '0x10',
  '.inf',
  '2001-01-01',
];

const HOLD = { class: 'refused', message: 'blocked', since: 1_700_000_000_000 };
const STATES: readonly unknown[] = [
  {
    version: 1,
    sinks: {
      dyn: {
        fingerprint: 'abc',
        holds: [HOLD, { ...HOLD, class: 'rate_limited', until: 1_700_000_060_000, length: 60_000 }],
        records: {
          'home.example.org/A': {
            confirmed: ['192.0.2.1'],
            begun: false,
            doubtful: true,
            last_write: 1_700_000_000_000,
            holds: [HOLD],
          },
          'home.example.org/AAAA': { begun: true, doubtful: false, holds: [] },
        },
      },
    },
  },
  { version: 2, sinks: {} },
];

const clock = { monotonic: () => 5_000, wall: () => 1_700_000_000_000, boot: () => 5_000 };

export const fileTargets: readonly FuzzTarget[] = [
  target({
    name: 'configuration',
    reads: 'a file',
    // Of either kind as many: there is a snippet for each provider.
    inputs: fc.oneof(hostileText(CONFIGURATIONS, WORDS), hostileText(SNIPPETS, WORDS)),
    runs: 160,
    check: (text) => {
      const parsed = parseConfiguration(text, real);
      if (parsed.ok) return;
      assert.ok(parsed.problems.length > 0);
      const told = formatProblems(parsed.problems);
      assert.doesNotMatch(told, STEERING);
      assert.doesNotMatch(told, /\[object|ZodError/);
    },
  }),
  target({
    name: 'yaml',
    reads: 'a file',
    inputs: hostileText([...CONFIGURATIONS, ...SNIPPETS], WORDS),
    growth: [
      (size) => 'a: b\n'.repeat(size / 5),
      (size) => `a: [${'1, '.repeat(size / 3)}]`,
      (size) => `a: "${'x'.repeat(size)}`,
      (size) => `${' '.repeat(3_000)}- `.repeat(size / 3_000),
      (size) => `- ${'\n'.repeat(size)}`,
      // Brackets that do not close what they seem to.
      (size) => '["]",'.repeat(size / 5),
      (size) => '[ #]\n'.repeat(size / 5),
      (size) => '[{'.repeat(size / 2),
      (size) => '- '.repeat(size / 2),
    ],
    check: (text) => {
      const tree = readYaml(text);
      assert.ok(tree.problems.every(({ position }) => position.line > 0 && position.column > 0));
    },
  }),
  target({
    name: 'yaml depth',
    reads: 'a file',
    inputs: hostileText(CONFIGURATIONS, ['[', '{', '- '.repeat(600), ' '.repeat(4_000)]),
    growth: [(size) => '- '.repeat(size / 2), (size) => ' '.repeat(size), (size) => '-\t'.repeat(size / 2)],
    check: (text) => void nestedTooDeep(text),
  }),
  target({
    name: 'state file',
    reads: 'a file',
    inputs: hostileJson(STATES),
    check: (text) => {
      const read = readState(text);
      if (read.kind === 'damaged') return assert.notEqual(read.why, '');
      // What is taken can be written again as it was, and a memory made of it can be asked everything.
      assert.deepEqual(readState(writeState(read.document)), read);
      for (const [, document] of read.document.sinks) {
        const memory = new SinkState(
          'other',
          clock,
          (words) => words,
          async () => {},
        );
        memory.restore(document);
        for (const hold of memory.holds()) {
          assert.ok(!Number.isNaN(Date.parse(hold.since)));
          assert.ok((hold.remaining() ?? 0) >= 0);
        }
        assert.equal(
          readState(writeState({ version: 1, sinks: new Map([['dyn', memory.toDocument()]]) })).kind,
          'read',
        );
      }
    },
  }),
  target({
    name: 'state file, as text',
    reads: 'a file',
    inputs: hostileText(STATES.map((state) => JSON.stringify(state))),
    growth: [(size) => '['.repeat(size), (size) => `{"version":1,"sinks":{${'"a":'.repeat(size / 4)}`],
    check: (text) => void readState(text),
  }),
];
