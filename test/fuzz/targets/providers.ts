import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { parse } from 'yaml';
import type * as z from 'zod';
import { address } from '../../../src/model/address.ts';
import { fqdn } from '../../../src/model/name.ts';
import { type ActualRecord, keyText, type RecordKey, type Target } from '../../../src/model/record.ts';
import { type HttpAnswer, HttpFailure } from '../../../src/net/http.ts';
import {
  type Call,
  type Change,
  type Provider,
  type Sink,
  SinkError,
  type WriteResult,
} from '../../../src/sinks/contract.ts';
import { plan, planBlind } from '../../../src/sinks/plan.ts';
import { providers } from '../../../src/sinks/registry.ts';
import { Ask } from '../../../src/sinks/rest/exchange.ts';
import { otherRows } from '../../../src/sinks/table/rows/others.ts';
import { silentLog } from '../../../src/telemetry/log.ts';
import { fakeTime } from '../../sinks/rest/support.ts';
import { Choices } from '../support/choices.ts';
import { isFitToShow } from '../support/expect.ts';
import { instanceOf, rootsOf } from '../support/instance.ts';
import { DEEP, EVIL_VALUES } from '../support/json.ts';
import { type FuzzTarget, target } from '../support/target.ts';

/** Of these the answer does not come over HTTP; `embedded`, `rfc2136` and `command` have targets and tests of their own. */
const ELSEWHERE: readonly string[] = ['command', 'embedded', 'rfc2136'];

/** Success is what the operator says it is: any body, with the default options. */
const BODY_IS_NO_SIGN: readonly string[] = ['webhook'];

// The schema that the provider will hold against the answer to the request being made, where it has one.
const expected = new AsyncLocalStorage<z.ZodType>();
const exchange = Ask.prototype.exchange;
Ask.prototype.exchange = function <T>(this: Ask, ...given: Parameters<typeof exchange<T>>) {
  return expected.run(given[2], () => exchange.call(this, ...given)) as ReturnType<typeof exchange<T>>;
};

const HTML =
  '<html><head><title>Sign in</title></head><body>good 203.0.113.7 OK success updated</body></html>';
const XML: readonly string[] = [
  '<?xml version="1.0"?><ApiResponse Status="OK"><Errors/><CommandResponse><DomainDNSGetHostsResult IsUsingOurDNS="true"><host Name="home" Type="A" Address="198.51.100.9" TTL="300"/></DomainDNSGetHostsResult><DomainDNSSetHostsResult IsSuccess="true"/></CommandResponse></ApiResponse>',
  '<ApiResponse Status="ERROR"><Errors><Error Number="1011150">no</Error></Errors></ApiResponse>',
  '<ListHostedZonesByNameResponse><HostedZones><HostedZone><Id>/hostedzone/Z1</Id><Name>example.org.</Name><CallerReference>x</CallerReference><Config><PrivateZone>false</PrivateZone></Config></HostedZone></HostedZones><IsTruncated>false</IsTruncated><MaxItems>100</MaxItems></ListHostedZonesByNameResponse>',
  '<ListResourceRecordSetsResponse><ResourceRecordSets><ResourceRecordSet><Name>home.example.org.</Name><Type>A</Type><TTL>300</TTL><ResourceRecords><ResourceRecord><Value>198.51.100.9</Value></ResourceRecord></ResourceRecords></ResourceRecordSet><ResourceRecordSet><Name>\\052.example.org.</Name><Type>A</Type><AliasTarget><DNSName>x</DNSName></AliasTarget></ResourceRecordSet></ResourceRecordSets><IsTruncated>true</IsTruncated><MaxItems>100</MaxItems></ListResourceRecordSetsResponse>',
  '<ChangeResourceRecordSetsResponse><ChangeInfo><Id>/change/C1</Id><Status>PENDING</Status><SubmittedAt>x</SubmittedAt></ChangeInfo></ChangeResourceRecordSetsResponse>',
  '<interface-response><ErrCount>0</ErrCount><Done>true</Done><IP>203.0.113.7</IP></interface-response>',
];
const WORDS: readonly string[] = [
  ...otherRows.flatMap(({ service }) => Object.keys(service.answer?.words ?? {})),
  ...[
    'good',
    'nochg',
    'good 203.0.113.7',
    'good 127.0.0.1',
    'badauth',
    'nohost',
    '911',
    'dnserr',
    'abuse',
    '!donator',
    'w1h',
    'wxh',
    'badagent: x',
  ],
].map((word) => word.replaceAll('{addresses}', '203.0.113.7').replaceAll('*', 'anything'));

const TYPES = [
  'application/json',
  'text/xml',
  'text/plain',
  'text/html',
  'application/problem+json',
  '',
] as const;
const STATUSES = [200, 201, 202, 204, 206, 301, 400, 401, 403, 404, 409, 422, 429, 500, 503, 599] as const;
const WAITS = [
  '-1',
  '1e9',
  '99999999999999999999',
  'Sun, 06 Nov 1994 08:49:37 GMT',
  'soon',
  'Sun, 99 Nov 9999 99:99:99 GMT',
] as const;
const LINKS = [
  '<https://evil.example/?page=2>; rel="next"',
  '<http://[>; rel="next"',
  '<?page=x>; rel=next',
  '<>; rel="next"',
] as const;

const KINDS = ['fitting', 'fitting', 'fitting', 'xml', 'words', 'evil', 'page', 'empty', 'deep'] as const;

/** What is asked for before the question itself, to sign that: it is not held against the schema of the answer that is waited for. */
const FIRST: readonly (readonly [RegExp, readonly string[]])[] = [
  [
    /token/,
    [
      '{"access_token":"t","expires_in":3599,"token_type":"Bearer"}',
      '{"access_token":"","expires_in":-1}',
      '{"error":"invalid_grant","error_description":"no"}',
    ],
  ],
  [/\/auth\/time$/, ['1700000000', '-1', '1e400', '"soon"']],
];

function answerOf(choices: Choices, asked: URL): HttpAnswer {
  const schema = expected.getStore();
  const first = FIRST.find(([path]) => path.test(asked.pathname))?.[1];
  const good = !choices.rarely(60);
  const status = good ? choices.from([200, 201, 204, 202]) : choices.from(STATUSES);
  const headers: Record<string, string> = {};
  if (choices.rarely(20)) headers['retry-after'] = choices.from(WAITS);
  if (choices.rarely(30)) headers['link'] = choices.from(LINKS);
  if (choices.rarely(30)) headers['date'] = choices.from(WAITS);
  if (choices.rarely(10)) headers['etag'] = '\u0001"';
  if (choices.rarely(10)) headers['location'] = 'http://[';
  const roots = schema === undefined ? [] : rootsOf(schema);
  const fitting = XML.filter((one) => roots.some((root) => one.includes(`<${root}>`)));
  const chosen = choices.from(KINDS);
  const kind = chosen === 'fitting' && fitting.length > 0 ? 'xml' : chosen;
  switch (kind) {
    case 'fitting': {
      if (first !== undefined) {
        headers['content-type'] = 'application/json';
        return { status, headers, body: choices.rarely(40) ? choices.from(first) : (first[0] ?? '') };
      }
      if (schema === undefined) return { status, headers, body: choices.from(WORDS) };
      const body = JSON.stringify(instanceOf(schema, choices)) ?? '';
      headers['content-type'] = choices.rarely(10) ? choices.from(TYPES) : 'application/json';
      return { status, headers, body: choices.rarely(10) ? body.slice(0, choices.below(256)) : body };
    }
    case 'xml': {
      const body = choices.from(fitting.length > 0 && !choices.rarely(60) ? fitting : XML);
      headers['content-type'] = 'text/xml';
      return {
        status,
        headers,
        body: choices.rarely(60) ? body.replace(/>[^<>]+</, `>${choices.from(WORDS)}<`) : body,
      };
    }
    case 'words':
      return {
        status,
        headers,
        body: [choices.from(WORDS), choices.from(['', '\n', ' ', choices.from(WORDS)])].join('\n'),
      };
    case 'evil':
      headers['content-type'] = choices.from(TYPES);
      return { status, headers, body: JSON.stringify(choices.from(EVIL_VALUES)) };
    case 'page':
      headers['content-type'] = choices.from(TYPES);
      return { status, headers, body: HTML };
    case 'empty':
      return { status, headers, body: '' };
    case 'deep':
      headers['content-type'] = 'application/json';
      return { status, headers, body: DEEP };
  }
}

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const GOOGLE_KEY = JSON.stringify({
  type: 'service_account',
  project_id: 'p',
  private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  client_email: 'a@p.example',
});
// Base64, long enough for every provider that looks at the form of its secret.
const SECRET = 'c2VjcmV0LXdvcmQtc2VjcmV0LXdvcmQtc2VjcmV0';

/** The options of the provider's own example, with words where it refers to secrets. */
export function exampleOptions(provider: Provider): unknown {
  const text = provider.example.replaceAll(
    /\{ *(?:env|file|credential): *[^}]*\}/g,
    provider.name === 'google' ? JSON.stringify(GOOGLE_KEY) : SECRET,
  );
  const { provider: _, ...options } = parse(text) as Readonly<Record<string, unknown>>;
  return provider.options.parse(options);
}

const NAME = fqdn('home.example.org');
/** Services whose only sign is the status, by their documentation: of these a body of nothing is a success like any other. */
const STATUS_ALONE: readonly string[] = otherRows
  .filter(({ service }) => service.answer?.read === 'status')
  .map(({ name }) => name);

const zoneOf = (provider: Provider): string | undefined =>
  (provider as Provider & { readonly row?: { readonly service: { readonly zone?: string } } }).row?.service
    .zone;

function targetsFor(provider: Provider): readonly Target[] {
  const name = zoneOf(provider) === undefined ? NAME : fqdn(`home.${zoneOf(provider)}`);
  return [
    { key: { name, type: 'A' }, addresses: [address('203.0.113.7')] },
    { key: { name, type: 'AAAA' }, addresses: [address('2001:db8::7')], ttl: 300 },
  ];
}

/** Requests after which a sink is taken to go on for ever: a list may have 500 pages, and a write may read several. */
const MOST_REQUESTS = 4_000;

interface Trial {
  readonly sink: Sink;
  readonly call: Call;
  readonly transcript: HttpAnswer[];
}

function trialOf(
  provider: Provider,
  next: (asked: URL) => HttpAnswer | HttpFailure,
  keys: readonly RecordKey[],
): Trial {
  const time = fakeTime();
  const transcript: HttpAnswer[] = [];
  const sink = provider.create(
    { name: 'test', options: exampleOptions(provider), keys },
    {
      clock: time.clock,
      sleep: time.sleep,
      random: () => 0.5,
      randomBytes: (count) => new Uint8Array(count).fill(1),
      spawn: () => {
        throw new Error('starts no process');
      },
      log: silentLog,
    },
  );
  const http: Call['http'] = async ({ url }) => {
    assert.ok(transcript.length < MOST_REQUESTS, 'asks without end');
    const answer = next(url);
    if (answer instanceof HttpFailure) throw answer;
    transcript.push(answer);
    return answer;
  };
  return { sink, transcript, call: { signal: new AbortController().signal, log: silentLog, http } };
}

async function orSinkError<Value>(work: Promise<Value>): Promise<Value | undefined> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof SinkError)) throw error;
    isFitToShow(error.failure.message);
    return undefined;
  }
}

/** Reads, plans and writes as the lane does, and holds every answer of the sink against its contract. */
async function carryOut(provider: Provider, { sink, call }: Trial): Promise<readonly WriteResult[]> {
  const targets = targetsFor(provider);
  const keys = targets.map(({ key }) => key);
  let actual: readonly ActualRecord[] | undefined;
  if (sink.read !== undefined) {
    actual = await orSinkError(sink.read(keys, call));
    for (const record of actual ?? []) assert.equal(typeof record.content, 'string');
  }
  const changes: readonly Change[] =
    sink.read === undefined ? planBlind(targets) : plan(targets, actual ?? []);
  if (changes.length === 0) return [];
  const results = (await orSinkError(sink.write(changes, call))) ?? [];
  const asked = new Set(changes.map(({ target: { key } }) => keyText(key)));
  assert.equal(
    new Set(results.map(({ key }) => keyText(key))).size,
    results.length,
    'two results for one change',
  );
  for (const result of results) {
    assert.ok(asked.has(keyText(result.key)), 'a result for what was not asked');
    if (result.kind === 'pending') assert.ok(result.retryAfter >= 0 && Number.isFinite(result.retryAfter));
    if (result.kind !== 'failed') continue;
    isFitToShow(result.failure.message);
    const { retryAfter = 0 } = result.failure;
    assert.ok(retryAfter >= 0 && retryAfter <= 7 * 86_400_000, `a wait of ${retryAfter} ms`);
  }
  return results;
}

// Short ones make simple stories, long ones are strange to the end.
const rows = fc.oneof(fc.uint8Array({ maxLength: 10 }), fc.uint8Array({ maxLength: 300, size: 'max' }));

/** What does not fit is never a success: a portal's page, nonsense, nothing at all. */
const PAGES: readonly string[] = [
  HTML,
  `<!DOCTYPE html>${HTML}`,
  '  <html>',
  '<?xml version="1.0"?><html/>',
  `${HTML}\nOK`,
];
const NONSENSE: readonly string[] = [...PAGES, ''];

function targetOf(provider: Provider): FuzzTarget {
  return target({
    name: `answers to ${provider.name}`,
    reads: 'a provider',
    inputs: fc.tuple(
      fc.constantFrom(
        'story' as const,
        'story' as const,
        'story' as const,
        'endless' as const,
        'nonsense' as const,
      ),
      rows,
    ),
    runs: 150,
    check: async ([mode, octets]) => {
      const choices = new Choices(octets);
      const cycle = octets.length === 0 ? [0] : [...octets];
      let turn = 0;
      const next = (asked: URL): HttpAnswer | HttpFailure => {
        turn += 1;
        switch (mode) {
          case 'story':
            return choices.rarely(6)
              ? new HttpFailure('reset', true, 'the connection broke')
              : answerOf(choices, asked);
          case 'endless':
            // The same few answers again and again: the lists of a server that has no last page.
            return answerOf(
              new Choices(Uint8Array.from(cycle.slice(turn % 7)).map((octet) => octet | 1)),
              asked,
            );
          case 'nonsense':
            return {
              status: choices.from([200, 201, 202, 206]),
              headers: { 'content-type': choices.from(TYPES) },
              body: choices.from(STATUS_ALONE.includes(provider.name) ? PAGES : NONSENSE),
            };
        }
      };
      const trial = trialOf(
        provider,
        next,
        targetsFor(provider).map(({ key }) => key),
      );
      const results = await carryOut(provider, trial).catch((error: unknown) => {
        const said = trial.transcript.slice(-4).map(({ status, body }) => `${status} ${body.slice(0, 300)}`);
        throw Object.assign(
          new Error(`${(error as Error).message}\nafter: ${said.join('\n       ')}`, { cause: error }),
          {
            stack: `${(error as Error).stack}\nafter: ${said.join('\n       ')}`,
          },
        );
      });
      if (mode !== 'nonsense' || BODY_IS_NO_SIGN.includes(provider.name)) return;
      assert.deepEqual(
        results.filter(({ kind }) => kind !== 'failed'),
        [],
        'nonsense taken for success',
      );
    },
  });
}

export const providerTargets: readonly FuzzTarget[] = providers
  .filter(({ name }) => !ELSEWHERE.includes(name))
  .map(targetOf);
