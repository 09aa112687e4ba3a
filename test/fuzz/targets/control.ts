import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import fc from 'fast-check';
import { formatStatus } from '../../../src/control/format-status.ts';
import { readLines } from '../../../src/control/lines.ts';
import { LONGEST_REQUEST, parseAnswer, parseRequest } from '../../../src/control/protocol.ts';
import type { StatusReport } from '../../../src/control/status.ts';
import { cleanWords } from '../../../src/net/http-words.ts';
import { createRedactor } from '../../../src/telemetry/redact.ts';
import { textLine } from '../../../src/telemetry/text-line.ts';
import { isFitToShow, STEERING } from '../support/expect.ts';
import { hostileJson } from '../support/json.ts';
import { anyText, hostileText } from '../support/mutate.ts';
import { type FuzzTarget, target } from '../support/target.ts';

const REQUESTS: readonly unknown[] = [
  { ask: 'status' },
  { ask: 'trigger', release: 'dyn' },
  { ask: 'watch' },
];
const ANSWERS: readonly unknown[] = [
  { ok: true, value: {} },
  { ok: false, error: 'no' },
];
const LINE = {
  level: 'warn',
  time: '2026-01-01T00:00:00.000Z',
  event: 'write_failed',
  message: 'it failed',
  sink: 'dyn',
  reason: ['a', 'b'],
  error: { code: 'E', cause: { message: 'x' } },
};
const SECRET = 'Kanarienvogel/"17"&+';

const words = hostileText(
  ['an error', '<b>no</b>', 'badauth: 192.0.2.1'],
  ['\u001b]0;x\u0007', '\u009b2J', '\u2028'],
);
const status: fc.Arbitrary<StatusReport> = fc.record({
  pid: fc.nat(),
  version: words,
  since: fc.oneof(words, fc.constant('2026-01-01T00:00:00.000Z')),
  uplinks: fc.array(
    fc.record({
      uplink: words,
      family: fc.constantFrom('ipv4' as const, 'ipv6' as const),
      state: fc.constantFrom('set' as const, 'unknown' as const),
      address: words,
      via: words,
      why: words,
      since: words,
    }),
    { maxLength: 2 },
  ),
  sinks: fc.array(
    fc.record({
      sink: words,
      provider: words,
      state: fc.constantFrom('ok' as const, 'held' as const),
      records: fc.array(
        fc.record({
          record: words,
          published: fc.oneof(fc.constant(null), fc.array(words, { maxLength: 2 })),
          pending: fc.array(words, { maxLength: 2 }),
          failure: fc.record({ class: fc.constant('refused' as const), message: words, remedy: words }),
          next_attempt: words,
        }),
        { maxLength: 2 },
      ),
    }),
    { maxLength: 2 },
  ),
  sources: fc.array(fc.record({ name: words, state: words }), { maxLength: 2 }),
});

/** Feeds chunks to the reader of lines and answers what it gave out. */
function linesOf(chunks: readonly string[]): { readonly lines: readonly string[]; readonly over: boolean } {
  const socket = new EventEmitter();
  const lines: string[] = [];
  let over = false;
  readLines(
    socket as unknown as Socket,
    LONGEST_REQUEST,
    (line) => void lines.push(line),
    () => {
      assert.equal(over, false, 'too long a second time');
      over = true;
    },
  );
  for (const chunk of chunks) socket.emit('data', Buffer.from(chunk));
  return { lines, over };
}

export const controlTargets: readonly FuzzTarget[] = [
  target({
    name: 'control request',
    reads: 'the system',
    inputs: fc.oneof(hostileJson(REQUESTS), anyText()),
    check: (line) => {
      const request = parseRequest(line);
      if (request?.ask === 'trigger') assert.ok(['string', 'undefined'].includes(typeof request.release));
    },
  }),
  target({
    name: 'control answer',
    reads: 'the system',
    inputs: hostileJson(ANSWERS),
    growth: [(size) => '['.repeat(size)],
    check: (line) => void parseAnswer(line),
  }),
  target({
    name: 'control lines',
    reads: 'the system',
    inputs: fc.array(
      fc.oneof(hostileText(REQUESTS.map((one) => `${JSON.stringify(one)}\n`)), anyText(1_500)),
      { maxLength: 8 },
    ),
    growth: [(size) => Array<string>(size).fill('x'), (size) => ['\n'.repeat(size)]],
    check: (chunks) => {
      const { lines } = linesOf(chunks);
      assert.ok(lines.every((line) => line.length <= LONGEST_REQUEST && !line.includes('\n')));
    },
  }),
  target({
    name: 'status for people',
    reads: 'the system',
    inputs: status,
    check: (report) => assert.doesNotMatch(formatStatus(report), STEERING),
  }),
  target({
    name: 'log line for people',
    reads: 'the system',
    inputs: fc.tuple(fc.oneof(hostileJson([LINE]), anyText()), fc.boolean()),
    growth: [
      (size) => [JSON.stringify({ ...LINE, message: '\u001b'.repeat(size / 6) }), false] as [string, boolean],
    ],
    check: ([json, colour]) => {
      const line = textLine(json, colour);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: our own colours
      assert.doesNotMatch(line.replaceAll(/\u001b\[\d*m/g, ''), STEERING);
    },
  }),
  target({
    name: 'log line with a secret',
    reads: 'the system',
    inputs: fc
      .tuple(
        hostileJson([
          LINE,
          { ...LINE, message: SECRET, url: encodeURIComponent(SECRET), list: [{ [SECRET]: SECRET }] },
        ]),
        anyText(40),
      )
      .map(([json, text]) =>
        json.startsWith('{')
          ? json.replace('"level"', `"said":${JSON.stringify(`${text}${SECRET}${text}`)},"level"`)
          : json,
      ),
    growth: [(size) => JSON.stringify({ ...LINE, message: Buffer.alloc(size / 2).toString('base64') })],
    check: (json) => {
      const redactor = createRedactor();
      redactor.add(SECRET);
      const line = redactor.scrubLine(json);
      for (const form of [SECRET, JSON.stringify(SECRET).slice(1, -1), encodeURIComponent(SECRET)])
        assert.ok(!line.includes(form), `holds ${form}`);
      if (isJson(json)) assert.ok(isJson(line), 'no JSON any more');
    },
  }),
  target({
    name: "a provider's words",
    reads: 'a provider',
    inputs: words,
    growth: [(size) => ' '.repeat(size), (size) => '\u001b '.repeat(size / 2)],
    check: (text) => isFitToShow(cleanWords(text)),
  }),
];

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
