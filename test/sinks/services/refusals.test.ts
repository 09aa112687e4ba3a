import { describe, expect, test } from 'vitest';
import type { FailureClass } from '../../../src/model/outcome.ts';
import type { Reply } from '../../fakes/http-server.ts';
import { target } from '../rest/support.ts';
import { kind as azure } from './azure.ts';
import { type Kind, startService } from './bench.ts';
import { kind as dnsimple } from './dnsimple.ts';
import { kind as gandi } from './gandi.ts';
import { kind as godaddy } from './godaddy.ts';
import { kind as google } from './google.ts';
import { kind as linode } from './linode.ts';
import { kind as namecheap, xmlError } from './namecheap.ts';
import { kind as ovh } from './ovh.ts';
import { kind as porkbun } from './porkbun.ts';
import { kind as powerdns } from './powerdns.ts';
import { kind as vultr } from './vultr.ts';
import { json } from './zone.ts';

type Row = readonly [Reply, FailureClass, 'sink' | 'record', retryAfter?: number];

const text = (status: number, body: string): Reply => ({
  status,
  headers: { 'content-type': 'text/plain' },
  body,
});
const arm = (status: number, code: string): Reply =>
  json(status, { error: { code, message: 'Their words.' } });
const reason = (status: number, code: string): Reply =>
  json(status, {
    error: { code: status, message: 'Their words.', errors: [{ reason: code, message: 'x' }] },
  });
const coded = (status: number, code: string, more: object = {}): Reply =>
  json(status, { code, message: 'Their words.', ...more });
const pork = (status: number, code: string | undefined, more: object = {}): Reply =>
  json(status, { status: 'ERROR', message: 'Their words.', ...(code && { code }), ...more });
const porkOld = (status: number, message: string): Reply => json(status, { status: 'ERROR', message });
const plain = (status: number): Reply => json(status, { message: 'Their words.' });
const wait = (reply: Reply, seconds: number): Reply => ({
  ...reply,
  headers: { ...reply.headers, 'retry-after': String(seconds) },
});

/** Answers to the write of one new record, and what they are taken for. */
const TABLE: readonly (readonly [string, Kind, readonly Row[]])[] = [
  [
    'PowerDNS',
    powerdns,
    [
      [text(401, 'Unauthorized'), 'credentials', 'sink'],
      [json(422, { error: 'RRset x. IN A: Conflicts with pre-existing RRset' }), 'refused', 'record'],
      [json(422, { error: 'RRset x. IN A: Name is out of zone' }), 'invalid', 'record'],
      [json(404, { error: "Could not find domain 'example.org.'" }), 'conflict', 'record'],
      [json(422, { error: 'Hosting backend does not support editing records.' }), 'refused', 'sink'],
      [text(500, 'Internal Server Error'), 'transient', 'sink'],
    ],
  ],
  [
    'Gandi LiveDNS',
    gandi,
    [
      [plain(401), 'credentials', 'sink'],
      [
        json(403, { code: 403, cause: 'Forbidden', object: 'HTTPForbidden', message: 'No.' }),
        'credentials',
        'sink',
      ],
      [
        json(400, {
          status: 'error',
          errors: [{ location: 'body', name: 'rrset_ttl', description: 'too low' }],
        }),
        'invalid',
        'record',
      ],
      [plain(409), 'conflict', 'record'],
      [wait(plain(429), 77), 'rate_limited', 'sink', 77_000],
      [plain(503), 'transient', 'sink'],
    ],
  ],
  [
    'Porkbun',
    porkbun,
    [
      [pork(400, 'INVALID_API_KEYS_001'), 'credentials', 'sink'],
      [pork(200, 'INVALID_API_KEYS_001'), 'credentials', 'sink'],
      [pork(403, 'DOMAIN_NOT_ALLOWED'), 'credentials', 'sink'],
      [pork(400, 'INVALID_DOMAIN'), 'conflict', 'record'],
      [pork(400, 'DUPLICATE_RECORD'), 'conflict', 'record'],
      [pork(400, undefined), 'invalid', 'record'],
      // As recorded, or as users quote them: older answers have no code.
      [porkOld(400, 'Invalid domain.'), 'conflict', 'record'],
      [porkOld(400, 'Invalid record ID.'), 'conflict', 'record'],
      [porkOld(400, 'Invalid API key. (001)'), 'credentials', 'sink'],
      [porkOld(400, 'Invalid API key. (002)'), 'credentials', 'sink'],
      [porkOld(400, 'All API requests require an API key.'), 'credentials', 'sink'],
      [porkOld(400, 'Domain is not opted in to API access.'), 'refused', 'record'],
      [porkOld(400, 'Edit error: We were unable to edit the DNS record.'), 'invalid', 'record'],
      [wait(pork(429, 'RATE_LIMIT_EXCEEDED'), 77), 'rate_limited', 'sink', 77_000],
      [pork(429, 'RATE_LIMIT_EXCEEDED', { ttlRemaining: 9 }), 'rate_limited', 'sink', 9_000],
      [wait(pork(503, undefined), 5), 'rate_limited', 'sink', 5_000],
      [json(200, { status: 'WHATEVER' }), 'transient', 'sink'],
    ],
  ],
  [
    'GoDaddy',
    godaddy,
    [
      [coded(401, 'UNABLE_TO_AUTHENTICATE'), 'credentials', 'sink'],
      [coded(403, 'ACCESS_DENIED'), 'credentials', 'sink'],
      [coded(404, 'UNKNOWN_DOMAIN'), 'conflict', 'record'],
      [
        coded(422, 'INVALID_BODY', { fields: [{ code: 'x', message: 'ttl', path: 'records' }] }),
        'invalid',
        'record',
      ],
      [coded(422, 'DUPLICATE_RECORD'), 'refused', 'record'],
      [coded(409, 'CONFLICTING_STATUS'), 'conflict', 'record'],
      [coded(429, 'TOO_MANY_REQUESTS', { retryAfterSec: 30 }), 'rate_limited', 'sink', 30_000],
      [wait(coded(429, 'TOO_MANY_REQUESTS', { retryAfterSec: 30 }), 77), 'rate_limited', 'sink', 77_000],
    ],
  ],
  [
    'Namecheap (API)',
    namecheap,
    [
      [xmlError(1_011_102, 'API Key is invalid or API access has not been enabled'), 'credentials', 'sink'],
      [xmlError(1_011_150, 'Invalid request IP: 198.51.100.1'), 'credentials', 'sink'],
      [xmlError(1_017_410, 'Too many declined payments'), 'refused', 'sink'],
      [xmlError(2_019_166, 'The domain is not associated with your account'), 'conflict', 'record'],
      [xmlError(2_030_288, 'Cannot complete this command'), 'refused', 'record'],
      [xmlError(500_000, 'Too many requests'), 'rate_limited', 'sink'],
      [xmlError(5_050_900, 'Unknown exceptions'), 'transient', 'sink'],
    ],
  ],
  [
    'OVHcloud',
    ovh,
    [
      [
        json(403, { errorCode: 'INVALID_CREDENTIAL', httpCode: '403 Forbidden', message: 'No.' }),
        'credentials',
        'sink',
      ],
      [json(400, { errorCode: 'INVALID_SIGNATURE', message: 'No.' }), 'credentials', 'sink'],
      [
        json(403, { class: 'Client::Forbidden', message: 'This call has not been granted' }),
        'credentials',
        'sink',
      ],
      [json(400, { errorCode: 'QUERY_TIME_OUT', message: 'Query out of time' }), 'transient', 'sink'],
      [json(409, { class: 'Client::Conflict', message: 'Tasks pending on zone' }), 'conflict', 'record'],
      [json(404, { class: 'Client::NotFound', message: 'No.' }), 'conflict', 'record'],
      [json(400, { class: 'Client::BadRequest', message: 'No.' }), 'invalid', 'record'],
    ],
  ],
  [
    'Vultr',
    vultr,
    [
      [json(401, { error: 'Unauthorized IP address: 198.51.100.7', status: 401 }), 'credentials', 'sink'],
      [json(400, { error: 'Invalid data', status: 400 }), 'invalid', 'record'],
      [json(404, { error: 'Invalid domain.', status: 404 }), 'conflict', 'record'],
      [json(503, { error: 'Maintenance', status: 503 }), 'transient', 'sink'],
    ],
  ],
  [
    'Linode (Akamai)',
    linode,
    [
      [json(401, { errors: [{ reason: 'Invalid Token' }] }), 'credentials', 'sink'],
      [
        json(401, { errors: [{ reason: 'Your OAuth token is not authorized to use this endpoint.' }] }),
        'credentials',
        'sink',
      ],
      [json(400, { errors: [{ field: 'target', reason: 'Invalid IPv4 address' }] }), 'invalid', 'record'],
      [wait(json(429, { errors: [{ reason: 'Too many requests' }] }), 77), 'rate_limited', 'sink', 77_000],
    ],
  ],
  [
    'DNSimple',
    dnsimple,
    [
      [plain(401), 'credentials', 'sink'],
      [plain(402), 'refused', 'sink'],
      [
        json(400, { message: 'Validation failed', errors: { content: ["can't be blank"] } }),
        'invalid',
        'record',
      ],
      [json(412, { message: 'The feature is not enabled' }), 'refused', 'record'],
      [
        {
          ...plain(429),
          headers: {
            'content-type': 'application/json',
            'x-ratelimit-reset': String(Date.UTC(2026, 0, 1) / 1_000 + 77),
          },
        },
        'rate_limited',
        'sink',
        77_000,
      ],
    ],
  ],
  [
    'Azure DNS',
    azure,
    [
      [arm(403, 'AuthorizationFailed'), 'credentials', 'sink'],
      [arm(401, 'ExpiredAuthenticationToken'), 'transient', 'sink'],
      [arm(412, 'PreconditionFailed'), 'conflict', 'record'],
      [arm(404, 'ParentResourceNotFound'), 'conflict', 'record'],
      [arm(409, 'ScopeLocked'), 'refused', 'record'],
      [arm(409, 'MissingSubscriptionRegistration'), 'refused', 'sink'],
      [arm(400, 'BadRequest'), 'invalid', 'record'],
      [json(400, { code: 'BadRequest', message: 'Their words.' }), 'invalid', 'record'],
      [wait(arm(429, 'TooManyRequests'), 77), 'rate_limited', 'sink', 77_000],
    ],
  ],
  [
    'Google Cloud DNS',
    google,
    [
      [reason(403, 'forbidden'), 'credentials', 'sink'],
      [reason(403, 'accessNotConfigured'), 'refused', 'sink'],
      [reason(403, 'rateLimitExceeded'), 'rate_limited', 'sink'],
      [reason(403, 'quotaExceeded'), 'refused', 'sink'],
      [reason(412, 'conditionNotMet'), 'conflict', 'record'],
      [reason(409, 'alreadyExists'), 'conflict', 'record'],
      [reason(400, 'cnameResourceRecordSetConflict'), 'refused', 'record'],
      [reason(400, 'invalid'), 'invalid', 'record'],
      [
        json(403, { error: { code: 403, message: 'No.', status: 'PERMISSION_DENIED' } }),
        'credentials',
        'sink',
      ],
    ],
  ],
];

describe.each(TABLE)('%s', (title, kind, rows) => {
  test.each(rows.map(([reply, expected, scope, retryAfter]) => ({ reply, expected, scope, retryAfter })))(
    'answer $reply.status $reply.body is $expected for the $scope',
    async ({ reply, expected, scope, retryAfter }) => {
      const service = await startService(kind);
      try {
        service.trouble('write', reply);
        const results = await service.run(target('home.example.org', '198.51.100.7'));
        expect(results).toMatchObject([
          { kind: 'failed', failure: { class: expected, scope, message: expect.stringContaining(title) } },
        ]);
        const failure = results[0]?.kind === 'failed' ? results[0].failure : undefined;
        if (retryAfter !== undefined) expect(failure?.retryAfter).toBe(retryAfter);
        // Nothing is tried a second time, and no other request takes the place of the one that was refused.
        expect(service.sent()).toHaveLength(1);
        expect(service.zone.records).toEqual([]);
      } finally {
        await service.close();
      }
    },
  );

  test('a web page with status 200 is no success, and the effect unclear', async () => {
    const service = await startService(kind);
    try {
      service.trouble('write', { headers: { 'content-type': 'text/html' }, body: '<html>Welcome</html>' });
      const results = await service.run(target('home.example.org', '198.51.100.7'));
      expect(results).toMatchObject([{ kind: 'failed', failure: { class: 'transient', unclear: true } }]);
    } finally {
      await service.close();
    }
  });

  test('the other family, other names and the TTL stay; a second look finds nothing to do', async () => {
    const service = await startService(kind);
    const { zone } = service;
    try {
      zone.put('home', 'A', ['192.0.2.1'], 1_800, kind.extra?.(1));
      zone.put('home', 'AAAA', ['2001:db8::1'], 2_400, kind.extra?.(2));
      zone.put('', 'A', ['192.0.2.1'], 3_600, kind.extra?.(3));
      zone.put('www', 'A', ['192.0.2.1', '192.0.2.2'], 1_800, kind.extra?.(4));
      const before = zone.shown();
      const targets = [target('home.example.org', '198.51.100.7')];
      expect(await service.run(...targets)).toMatchObject([{ kind: 'updated' }]);
      expect(zone.shown()).toEqual(
        before.map((one) => one.replace('home/A 192.0.2.1', 'home/A 198.51.100.7')).sort(),
      );
      expect(await service.run(...targets)).toEqual([]);
      const writes = service.sent().length;
      expect(
        await service.run(
          target('home.example.org', '198.51.100.7'),
          target('home.example.org', '2001:db8::1'),
        ),
      ).toEqual([]);
      expect(service.sent()).toHaveLength(writes);
    } finally {
      await service.close();
    }
  });

  test('the apex, both families and a TTL', async () => {
    const service = await startService(kind);
    try {
      service.zone.put('www', 'A', ['192.0.2.1'], 1_800, kind.extra?.(1));
      const targets = [
        { ...target('example.org', '198.51.100.7'), ttl: 900 },
        { ...target('example.org', '2001:db8::7'), ttl: 900 },
      ];
      expect(await service.run(...targets)).toMatchObject([{ kind: 'updated' }, { kind: 'updated' }]);
      const expected = ['@/A 198.51.100.7 900', '@/AAAA 2001:db8::7 900', 'www/A 192.0.2.1 1800'];
      expect(service.zone.shown()).toEqual(expected);
    } finally {
      await service.close();
    }
  });

  test('create: false makes no record, and changes one that is there', async () => {
    const service = await startService(kind, { create: false });
    try {
      service.zone.put('home', 'A', ['192.0.2.1'], 1_800, kind.extra?.(1));
      const results = await service.run(
        target('home.example.org', '198.51.100.7'),
        target('home.example.org', '2001:db8::7'),
      );
      const byType = new Map(results.map((one) => [one.key.type, one]));
      expect(byType.get('A')).toMatchObject({ kind: 'updated' });
      expect(byType.get('AAAA')).toMatchObject({
        kind: 'failed',
        failure: { class: 'not_found', scope: 'record' },
      });
      expect(service.zone.shown()).toEqual(['home/A 198.51.100.7 1800']);
    } finally {
      await service.close();
    }
  });

  test('a zone that is not in the account is said to be missing, and nothing is written', async () => {
    const service = await startService(kind, { zone: 'example.net' });
    try {
      await expect(service.run(target('home.example.net', '198.51.100.7'))).rejects.toMatchObject({
        failure: { class: 'not_found' },
      });
      expect(service.sent()).toEqual([]);
    } finally {
      await service.close();
    }
  });

  test('a second look at two names asks for no list twice', async () => {
    const service = await startService(kind);
    try {
      service.zone.put('home', 'A', ['192.0.2.1'], 1_800, kind.extra?.(1));
      const targets = [target('home.example.org', '192.0.2.1'), target('other.example.org', '192.0.2.1')];
      await service.read(targets);
      const first = service.server.requests.length;
      await service.read(targets);
      const again = service.server.requests.slice(first).map(({ target: path, body }) => `${path} ${body}`);
      expect(new Set(again).size).toBe(again.length);
    } finally {
      await service.close();
    }
  });
});
