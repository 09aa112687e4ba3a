import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseAddress } from '../../../src/model/address.ts';
import { parseDuration } from '../../../src/model/duration.ts';
import { parseName } from '../../../src/model/name.ts';
import type { HttpAnswer } from '../../../src/net/http.ts';
import { readAddressText } from '../../../src/sources/addresses/answer.ts';
import { readServiceAnswer } from '../../../src/sources/addresses/http-answer.ts';
import type { AnswerShape } from '../../../src/sources/addresses/http-services.ts';
import { clouds } from '../../../src/sources/addresses/metadata/clouds.ts';
import { Unusable } from '../../../src/sources/addresses/metadata/contract.ts';
import { cloudOf, readFirmware } from '../../../src/sources/addresses/metadata/firmware.ts';
import { readNetworkConfig } from '../../../src/sources/addresses/metadata/network-config.ts';
import { isFitToShow } from '../support/expect.ts';
import { EVIL_VALUES, hostileJson } from '../support/json.ts';
import { anyText, hostileText } from '../support/mutate.ts';
import { type FuzzTarget, target } from '../support/target.ts';

const SHAPES: readonly AnswerShape[] = ['text', { json: 'a.b' }, { field: 'ip', require: { warp: 'off' } }];

const bodies = fc.oneof(
  hostileText([
    '192.0.2.1\n',
    '2001:db8::1',
    '192.0.2.1, 192.0.2.2',
    '<html>no</html>',
    'ip=192.0.2.1\nwarp=off\n',
  ]),
  hostileJson([{ a: { b: '192.0.2.1' } }]),
);
const answers: fc.Arbitrary<HttpAnswer> = fc.record({
  status: fc.constantFrom(200, 200, 200, 204, 302, 404, 500),
  headers: fc.constantFrom({}, { location: 'http://[' }, { location: 'https://portal.example/\u001b' }),
  body: bodies,
});

const NETWORK_DATA = {
  networks: [
    { type: 'ipv4', ip_address: '192.0.2.1' },
    { type: 'ipv6_slaac', ip_address: '2001:db8::1/64' },
  ],
};
const DOCUMENTS: readonly unknown[] = [
  NETWORK_DATA,
  { interfaces: { public: [{ ipv4: { ip_address: '192.0.2.1' }, ipv6: { ip_address: '2001:db8::1' } }] } },
  { interface: [{ ipv4: { ipAddress: [{ publicIpAddress: '192.0.2.1', privateIpAddress: '10.0.0.1' }] } }] },
  { loadbalancer: { publicIpAddresses: [{ frontendIpAddress: '192.0.2.1', privateIpAddress: '10.0.0.1' }] } },
  [{ accessConfigs: [{ externalIp: '192.0.2.1' }], ipv6: ['2001:db8::1'], ipv6s: ['2001:db8::1'] }],
  [{ ipv6Addresses: ['2001:db8::1'], publicIp: '192.0.2.1' }],
  ...EVIL_VALUES,
];
const HETZNER =
  'network-config:\n  version: 1\n  config:\n  - type: physical\n    subnets:\n    - address: 2001:db8::1/64\n      type: static\n';
/** What grows in a body: brackets that open and never close, keys, items, lines, and one text without an end. */
const GROWING: readonly ((size: number) => string)[] = [
  (size) => '['.repeat(size),
  (size) => '{"a":'.repeat(size / 5),
  (size) => `[${'0,'.repeat(size / 2)}0]`,
  (size) => `[${'{"ipv6s":[]},'.repeat(size / 13)}{}]`,
  (size) => '192.0.2.1, '.repeat(size / 11),
  (size) => `${' '.repeat(size)}x`,
  (size) => 'a=b\n'.repeat(size / 4),
  (size) => '<'.repeat(size),
];
/** Octets of one metadata answer at most. */
const METADATA_LIMIT = 65_536;
const CONFIG = 'network-config:\n  config:\n';
const config =
  (line: string) =>
  (size: number): string =>
    `${CONFIG}${line.repeat(Math.max(1, (Math.min(size, METADATA_LIMIT) - CONFIG.length) / line.length))}`;
const GROWING_CONFIG: readonly ((size: number) => string)[] = [
  config('  - mac_address: 02:00:00:00:00:01\n'),
  config('  - subnets:\n    - address: 2001:db8::1/64\n'),
  config('  - '),
  config('\n'),
  config(' '),
  config('  - a: "\'\n'),
  config('['),
];

const metadata = fc.oneof(
  hostileJson(DOCUMENTS),
  hostileText(
    [HETZNER, '192.0.2.1', 'token-1', '[2001:db8::1, 2001:db8::2]', '02:00:00:00:00:01'],
    ['&a [*a]', '- ', '? ', '!!', '  ', '|'],
  ),
);

function isReading(
  read: { readonly kind: 'address' } | { readonly kind: 'wrong'; readonly why: string },
): void {
  if (read.kind === 'wrong') isFitToShow(read.why);
}

export const witnessTargets: readonly FuzzTarget[] = [
  target({
    name: 'address text',
    reads: 'the network',
    inputs: hostileText(['192.0.2.1', '2001:db8::1', '::ffff:192.0.2.1', 'fe80::1%eth0', '1.2.3.4.5.6']),
    growth: [(size) => '1.'.repeat(size / 2), (size) => ' '.repeat(size), (size) => ':'.repeat(size)],
    check: (text) => {
      isReading(readAddressText(text, 'ipv4'));
      const address = parseAddress(text);
      assert.equal(
        address === undefined ? undefined : parseAddress(address),
        address,
        'canonical text is its own canonical text',
      );
    },
  }),
  target({
    name: 'domain name',
    reads: 'a file',
    inputs: hostileText(
      ['home.example.org', '*.example.org', 'bücher.example', 'a'.repeat(63), 'xn--bcher-kva.example'],
      ['@', '/', '.', '。', '１', '％', ':80', '#', '?'],
    ),
    growth: [(size) => 'a.'.repeat(size / 2), (size) => 'ü'.repeat(size / 2)],
    check: (text) => {
      const name = parseName(text);
      if (name === undefined) return;
      assert.equal(parseName(name), name);
      assert.doesNotMatch(text, /[/?#@:\\[\]% \t\r\n]/, 'a URL or an address taken for a name');
      assert.equal(
        parseAddress(name),
        undefined === parseAddress(text) ? undefined : parseAddress(name),
        'a name became an address',
      );
    },
  }),
  target({
    name: 'duration',
    reads: 'a file',
    inputs: hostileText(['1h30m', '250ms', '1.5s'], ['9'.repeat(400), 'd', '.']),
    growth: [
      (size) => '1'.repeat(size),
      (size) => `${'1s'.repeat(size / 2)}x`,
      (size) => `${'1.1'.repeat(size / 3)}s`,
    ],
    check: (text) => {
      const duration = parseDuration(text);
      assert.ok(duration === undefined || duration >= 0);
    },
  }),
  target({
    name: 'web service answer',
    reads: 'the network',
    inputs: fc.tuple(answers, fc.constantFrom(...SHAPES), fc.constantFrom('ipv4' as const, 'ipv6' as const)),
    growth: GROWING.flatMap((body) =>
      SHAPES.map((shape) => (size: number): [HttpAnswer, AnswerShape, 'ipv4'] => [
        { status: 200, headers: {}, body: body(size) },
        shape,
        'ipv4',
      ]),
    ),
    check: ([answer, shape, family]) => isReading(readServiceAnswer(answer, shape, family)),
  }),
  ...clouds.map((cloud) =>
    target({
      name: `metadata of ${cloud.name}`,
      reads: 'the network',
      inputs: fc.tuple(
        fc.oneof(
          fc.array(fc.tuple(fc.constantFrom(200, 200, 200, 401, 404, 500), metadata), {
            minLength: 1,
            maxLength: 6,
          }),
          // What is asked for first, so that the rest is asked for at all: a token, and the card.
          metadata.map((body): [number, string][] => [
            [200, 'token'],
            [200, '02:00:00:00:00:01'],
            [200, body],
          ]),
        ),
        fc.constantFrom(...cloud.tells),
      ),
      growth: [...GROWING, ...GROWING_CONFIG].flatMap((body) =>
        cloud.tells.map((family) => (size: number): [[number, string][], 'ipv4' | 'ipv6'] => [
          // A token first, where one is asked for.
          [
            [200, 'token'],
            [200, body(size)],
          ],
          family,
        ]),
      ),
      check: async ([said, family]) => {
        let turn = 0;
        const ask = async (): Promise<HttpAnswer> => {
          const [status, body] = said[turn % said.length] ?? [404, ''];
          turn += 1;
          assert.ok(turn < 50, 'asks without end');
          // Google's answers count with this header alone; the other clouds do not look at it.
          return { status, headers: { 'metadata-flavor': 'Google' }, body };
        };
        try {
          for (const text of await cloud.read(ask, family, { tokenless: true }))
            isReading(readAddressText(text, family));
        } catch (error) {
          if (!(error instanceof Unusable)) throw error;
          isFitToShow(error.message);
        }
      },
    }),
  ),
  target({
    name: 'network configuration of hetzner',
    reads: 'the network',
    // At the longest that an answer may be, whichever line the rest is made of.
    inputs: fc
      .tuple(
        hostileText(
          [HETZNER, CONFIG],
          ['  - ', '    - address: ', 'subnets:\n', '"', "'", '[', '&a ', '*a', '|\n'],
        ),
        fc.constantFrom(
          '',
          '['.repeat(METADATA_LIMIT),
          ...GROWING_CONFIG.map((grow) => grow(METADATA_LIMIT)),
        ),
      )
      .map(([head, rest]) => `${head}${rest.slice(CONFIG.length)}`.slice(0, METADATA_LIMIT)),
    growth: GROWING_CONFIG,
    runs: 200,
    check: (text) => {
      try {
        for (const { addresses } of readNetworkConfig(text))
          assert.ok(addresses.every((address) => address !== '' && !address.includes('\n')));
      } catch (error) {
        if (!(error instanceof Unusable)) throw error;
        isFitToShow(error.message);
      }
    },
  }),
  target({
    name: 'firmware',
    reads: 'the system',
    inputs: fc.array(fc.oneof(anyText(), hostileText(['Amazon EC2\n', 'Hetzner', 'OpenStack Nova'])), {
      minLength: 1,
      maxLength: 6,
    }),
    check: async (texts) => {
      let turn = 0;
      const read = async (): Promise<string> => texts[turn++ % texts.length] ?? '';
      cloudOf(await readFirmware(read), clouds);
    },
  }),
];
