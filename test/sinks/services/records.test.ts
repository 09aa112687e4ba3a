import { createHash, verify } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { Secret } from '../../../src/config/secret.ts';
import { google } from '../../../src/sinks/google/provider.ts';
import { ovhSignature } from '../../../src/sinks/ovh/signer.ts';
import { plan } from '../../../src/sinks/plan.ts';
import { callOf, target } from '../rest/support.ts';
import { azureKind } from './azure.ts';
import { type Kind, startService } from './bench.ts';
import { dnsimpleKind } from './dnsimple.ts';
import { googleKind, keyFile, keyPair } from './google.ts';
import { kind as linode } from './linode.ts';
import { OVH_TIME, ovhKind } from './ovh.ts';
import { kind as porkbun } from './porkbun.ts';
import { Tokens } from './tokens.ts';
import { kind as vultr } from './vultr.ts';
import { json } from './zone.ts';

let close: (() => Promise<void>) | undefined;
afterEach(async () => {
  await close?.();
  close = undefined;
});
async function start(kind: Kind, more: object = {}) {
  const service = await startService(kind, more);
  close = service.close;
  return service;
}

const home = target('home.example.org', '198.51.100.7');
const both = [home, target('home.example.org', '2001:db8::7')];
const gone = (name: string, address: string) => ({ key: target(name, address).key, addresses: [] });

describe('Porkbun', () => {
  test('relative names are written, notes and TTL go back, and neither key is in an address', async () => {
    const { zone, run, sent, server } = await start(porkbun);
    zone.put('home', 'A', ['192.0.2.1'], 900, { prio: '0', notes: 'mine' });
    zone.put('old', 'A', ['192.0.2.1'], 900, { prio: '0', notes: '' });
    await run(home, target('example.org', '2001:db8::7'), gone('old.example.org', '192.0.2.1'));
    const keys = { apikey: 'pk1_the_key', secretapikey: 'sk1_the_secret' };
    expect(sent()).toEqual([
      [
        'POST',
        '/api/json/v3/dns/edit/example.org/1001',
        { name: 'home', type: 'A', content: '198.51.100.7', ttl: 900, prio: '0', notes: 'mine', ...keys },
      ],
      // An empty name, not none: without it an edit would move the record.
      [
        'POST',
        '/api/json/v3/dns/create/example.org',
        { name: '', type: 'AAAA', content: '2001:db8::7', ...keys },
      ],
      ['POST', '/api/json/v3/dns/delete/example.org/1002', keys],
    ]);
    expect(server.requests.some(({ target: path }) => path.includes('k1_the'))).toBe(false);
    expect(zone.set('home', 'A')).toMatchObject([{ ttl: 900, extra: { notes: 'mine' } }]);
  });

  test('a thousand domains are followed by more', async () => {
    const { run, service, server } = await start(porkbun);
    const { answer } = service;
    const many = Array.from({ length: 1_000 }, (_, index) => ({ domain: `d${index}.example.net` }));
    service.answer = (request) => {
      if (!request.target.endsWith('listAll')) return answer(request);
      const first = JSON.parse(request.body).start === '0';
      return json(200, { status: 'SUCCESS', domains: first ? many : [{ domain: 'example.org' }] });
    };
    expect(await run(home)).toMatchObject([{ kind: 'updated' }]);
    const lists = server.requests.filter(({ target: path }) => path.endsWith('listAll'));
    expect(lists.map(({ body }) => JSON.parse(body).start)).toEqual(['0', '1000']);
  });
});

describe('OVHcloud', () => {
  // The credentials and signatures of the tests of OVHcloud's own client (github.com/ovh/go-ovh, ovh/ovh_test.go).
  const keys = {
    applicationSecret: new Secret('9ufkBmLaTQ9nz5yMUlg79taH0GNnzDjk'),
    consumerKey: new Secret('5mBuy6SUQcRw2ZUxg0cG68BoDKpED4KY'),
  };
  test.each([
    ['GET', undefined, '$1$e9556054b6309771395efa467c22e627407461ad'],
    ['DELETE', undefined, '$1$a1eecd00b3b02b6cf5708b84b9ff42059a950d85'],
    ['POST', '{"a":"b","c":"d"}', '$1$ec2fb5c7a81f64723c77d2e5b609ae6f58a84fc1'],
    ['PUT', '{"a":"b","c":"d"}', '$1$8a75a9e7c8e7296c9dbeda6a2a735eb6bd58ec4b'],
  ])('%s is signed as their own client signs it', (method, body, expected) => {
    const url = new URL('https://eu.api.ovh.com/1.0/auth');
    const request = { method, url, ...(body === undefined ? {} : { body }) };
    expect(ovhSignature(keys, request, 1_457_018_875)).toBe(expected);
  });

  test('the time is the service’s own, asked for once; the zone is published after all writes', async () => {
    const published = { refreshes: 0 };
    const { zone, run, server, sent } = await start(ovhKind(published));
    zone.put('home', 'A', ['192.0.2.1'], 900);
    expect(await run(...both)).toMatchObject([{ kind: 'updated' }, { kind: 'updated' }]);
    expect(server.requests.filter(({ target: path }) => path === '/1.0/auth/time')).toHaveLength(1);
    expect(published.refreshes).toBe(1);
    expect(sent()).toEqual([
      [
        'PUT',
        '/1.0/domain/zone/example.org/record/1001',
        { subDomain: 'home', target: '198.51.100.7', ttl: 900 },
      ],
      [
        'POST',
        '/1.0/domain/zone/example.org/record',
        { fieldType: 'AAAA', subDomain: 'home', target: '2001:db8::7' },
      ],
      ['POST', '/1.0/domain/zone/example.org/refresh', undefined],
    ]);
    expect(await run(...both)).toEqual([]);
    expect(published.refreshes).toBe(1);
  });

  test('written and not published is not done: it is unclear', async () => {
    const { run, service } = await start(ovhKind());
    const { answer } = service;
    service.answer = (request) =>
      request.target.endsWith('/refresh') ? json(500, { message: 'Internal server error' }) : answer(request);
    expect(await run(home)).toMatchObject([
      { kind: 'failed', failure: { class: 'transient', unclear: true } },
    ]);
  });

  test('a clock that was set there is asked for again', async () => {
    const { run, service, server } = await start(ovhKind());
    await run(home);
    const { answer } = service;
    let ahead = 7_200;
    service.answer = (request) => {
      if (request.target === '/1.0/auth/time') return json(200, OVH_TIME + ahead);
      const late = Math.abs(Number(request.headers['x-ovh-timestamp']) - OVH_TIME - ahead) > 300;
      return late
        ? json(400, { errorCode: 'QUERY_TIME_OUT', message: 'Query out of time' })
        : answer({ ...request, headers: { ...request.headers } });
    };
    await expect(run(home)).rejects.toMatchObject({ failure: { class: 'transient' } });
    ahead = 0;
    expect(await run(home)).toEqual([]);
    expect(server.requests.filter(({ target: path }) => path === '/1.0/auth/time')).toHaveLength(2);
  });

  test('a service without the time is no wrong key', async () => {
    const { run, service } = await start(ovhKind());
    service.answer = () => ({ status: 502, body: 'Bad gateway' });
    await expect(run(home)).rejects.toMatchObject({ failure: { class: 'transient' } });
  });
});

describe('Vultr', () => {
  test('changed fields only, by id', async () => {
    const { zone, run, sent } = await start(vultr);
    zone.put('home', 'A', ['192.0.2.1', '192.0.2.2'], 900);
    await run({ ...home, ttl: 120 }, target('example.org', '2001:db8::7'));
    expect(sent()).toEqual([
      ['PATCH', '/v2/domains/example.org/records/1001', { data: '198.51.100.7', ttl: 120 }],
      ['DELETE', '/v2/domains/example.org/records/1002', undefined],
      ['POST', '/v2/domains/example.org/records', { name: '', type: 'AAAA', data: '2001:db8::7' }],
    ]);
  });

  test('a list that ends before its own count is a failure, not a short list', async () => {
    const { zone, run, service, sent } = await start(vultr);
    for (const number of [1, 2, 3, 4]) zone.put(`n${number}`, 'A', ['192.0.2.1'], 900);
    const { answer } = service;
    service.answer = (request) => {
      const reply = answer(request);
      return { ...reply, body: reply.body?.replace(/"next":"[^"]+"/, '"next":""') ?? '' };
    };
    await expect(run(home)).rejects.toMatchObject({ failure: { class: 'transient' } });
    expect(sent()).toEqual([]);
  });
});

describe('Linode', () => {
  test('changed fields only, by id; 0 seconds is the default of the zone', async () => {
    const { zone, run, sent, read } = await start(linode);
    zone.put('home', 'A', ['192.0.2.1'], 0);
    expect((await read([home]))[0]).not.toHaveProperty('ttl');
    await run(home, target('example.org', '2001:db8::7'));
    expect(sent()).toEqual([
      ['PUT', '/v4/domains/77/records/1001', { target: '198.51.100.7' }],
      ['POST', '/v4/domains/77/records', { type: 'AAAA', name: '', target: '2001:db8::7' }],
    ]);
  });

  test('a zone copied from elsewhere is not written to', async () => {
    const { run, sent } = await start(linode);
    await expect(run(target('home.copied.example.net', '198.51.100.7'))).rejects.toMatchObject({
      failure: { class: 'not_found' },
    });
    expect(sent()).toEqual([]);
  });
});

describe('DNSimple', () => {
  const batch = '/v2/1010/zones/example.org/batch';

  test('several changes are one request', async () => {
    const { zone, run, sent } = await start(dnsimpleKind());
    zone.put('home', 'A', ['192.0.2.1'], 900);
    zone.put('old', 'A', ['192.0.2.1'], 900);
    await run(...both, gone('old.example.org', '192.0.2.1'));
    const creates = [{ name: 'home', type: 'AAAA', content: '2001:db8::7' }];
    const updates = [{ id: 1_001, content: '198.51.100.7' }];
    expect(sent()).toEqual([['POST', batch, { creates, updates, deletes: [{ id: 1_002 }] }]]);
  });

  test('on a plan without batches they go one by one, and the batch is not tried again', async () => {
    const { zone, run, sent } = await start(dnsimpleKind({ plan: 'solo' }));
    expect(await run(...both)).toMatchObject([{ kind: 'updated' }, { kind: 'updated' }]);
    expect(sent().map(([, path]) => path)).toEqual([
      batch,
      ...Array(2).fill('/v2/1010/zones/example.org/records'),
    ]);
    await run(target('home.example.org', '198.51.100.8'), target('home.example.org', '2001:db8::8'));
    expect(sent().filter(([, path]) => path === batch)).toHaveLength(1);
    expect(zone.shown()).toEqual(['home/A 198.51.100.8 3600', 'home/AAAA 2001:db8::8 3600']);
  });

  test('a record of a batch that is gone is no reason to do without batches', async () => {
    const { run, sent, trouble } = await start(dnsimpleKind());
    trouble('write', json(404, { message: 'Record `1001` not found' }));
    expect(await run(...both)).toMatchObject([{ kind: 'updated' }, { kind: 'updated' }]);
    await run(target('home.example.org', '198.51.100.8'), target('home.example.org', '2001:db8::8'));
    // Refused, its two halves, and the next one.
    expect(sent().map(([, path]) => path)).toEqual(Array(4).fill(batch));
  });

  test('the change a batch is refused for is found', async () => {
    const { zone, run } = await start(dnsimpleKind());
    zone.put('alias', 'CNAME', ['www.example.org'], 900);
    const results = await run(...both, target('alias.example.org', '198.51.100.7'));
    expect(results.filter(({ kind }) => kind === 'updated')).toHaveLength(2);
    expect(results.filter(({ kind }) => kind === 'failed')).toMatchObject([
      { key: { name: 'alias.example.org' }, failure: { class: 'invalid', scope: 'record' } },
    ]);
  });

  test('a user token needs the account to be named', async () => {
    const user = dnsimpleKind({ user: true });
    const { run } = await start(user);
    await expect(run(home)).rejects.toMatchObject({
      failure: { class: 'invalid', message: expect.stringContaining('`account`') },
    });
    await close?.();
    const { run: again } = await start(user, { account: 1_010 });
    expect(await again(home)).toMatchObject([{ kind: 'updated' }]);
  });
});

describe('Google Cloud DNS', () => {
  test('sets are taken away as they were and added anew, in one change that is waited for', async () => {
    const { zone, run, sent, time } = await start(googleKind(new Tokens(), { slow: 2 }));
    zone.put('home', 'A', ['192.0.2.1', '192.0.2.2'], 900);
    zone.put('old', 'A', ['192.0.2.1'], 900);
    const results = await run(...both, gone('old.example.org', '192.0.2.1'));
    expect(results.map(({ kind }) => kind)).toEqual(['updated', 'updated', 'updated']);
    const set = { name: 'home.example.org.', type: 'A', ttl: 900 };
    expect(sent()).toEqual([
      [
        'POST',
        '/dns/v1/projects/the-project/managedZones/outer/changes',
        {
          additions: [
            { ...set, rrdatas: ['198.51.100.7'] },
            { ...set, type: 'AAAA', ttl: 300, rrdatas: ['2001:db8::7'] },
          ],
          deletions: [
            { ...set, rrdatas: ['192.0.2.1', '192.0.2.2'] },
            { ...set, name: 'old.example.org.', rrdatas: ['192.0.2.1'] },
          ],
        },
      ],
    ]);
    expect(time.slept).toEqual([1_000, 1_000]);
  });

  test('a change that takes long is pending, not done', async () => {
    const { run } = await start(googleKind(new Tokens(), { slow: 99 }));
    expect(await run(home)).toMatchObject([{ kind: 'pending', retryAfter: 5_000 }]);
  });

  test('a set changed meanwhile is not overwritten', async () => {
    const { zone, read, sink, http } = await start(googleKind());
    zone.put('home', 'A', ['192.0.2.1'], 900);
    const changes = plan([home], await read([home]));
    zone.put('home', 'A', ['192.0.2.66'], 900);
    expect(await sink.write(changes, callOf(http))).toMatchObject([
      { kind: 'failed', failure: { class: 'conflict' } },
    ]);
    expect(zone.shown()).toEqual(['home/A 192.0.2.66 900']);
  });

  test('a set with a routing policy is left alone', async () => {
    const { zone, run, sent } = await start(googleKind());
    zone.put('home', 'A', ['192.0.2.1'], 900, { policy: { wrr: {} } });
    expect(await run(home)).toMatchObject([
      { kind: 'failed', failure: { class: 'refused', scope: 'record' } },
    ]);
    expect(sent()).toEqual([]);
  });

  test('the assertion is signed by the key of the account, for an hour', async () => {
    const tokens = new Tokens();
    const { run } = await start(googleKind(tokens));
    await run(home);
    const { grant_type, assertion = '' } = tokens.forms[0] ?? {};
    expect(grant_type).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
    const [header = '', claims = '', signature = ''] = assertion.split('.');
    const signed = Buffer.from(`${header}.${claims}`);
    expect(verify('sha256', signed, keyPair.publicKey, Buffer.from(signature, 'base64url'))).toBe(true);
    const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
    expect(read(header)).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'key-1' });
    const iat = Date.UTC(2026, 0, 1) / 1_000;
    expect(read(claims)).toEqual({
      iss: keyFile.client_email,
      scope: 'https://www.googleapis.com/auth/ndev.clouddns.readwrite',
      aud: keyFile.token_uri,
      iat,
      exp: iat + 3_600,
    });
  });

  test.each(['not JSON', '{}', JSON.stringify({ ...keyFile, type: 'authorized_user' })])(
    'what is no key file is refused while the configuration is read: %s',
    (text) => {
      const { error } = google.options.safeParse({ key: text });
      expect(error?.issues[0]?.message).toContain('service account');
      expect(JSON.stringify(error)).not.toContain('PRIVATE KEY');
    },
  );
});

describe.each([
  ['Azure DNS', azureKind],
  ['Google Cloud DNS', googleKind],
] as const)('tokens of %s', (_, kindOf) => {
  test('one serves many requests until shortly before its end', async () => {
    const tokens = new Tokens();
    const { run, time } = await start(kindOf(tokens));
    await run(...both);
    await run(...both);
    expect(tokens.given).toBe(1);
    await time.sleep(3_290_000, new AbortController().signal);
    await run(...both);
    expect(tokens.given).toBe(1);
    await time.sleep(20_000, new AbortController().signal);
    await run(...both);
    expect(tokens.given).toBe(2);
  });

  test('one that was withdrawn is replaced the next time', async () => {
    const tokens = new Tokens();
    const { run } = await start(kindOf(tokens));
    await run(home);
    tokens.withdraw();
    await expect(run(home)).rejects.toMatchObject({ failure: { class: 'transient' } });
    expect(await run(home)).toEqual([]);
    expect(tokens.given).toBe(2);
  });

  test('one that never was good is a matter of the key', async () => {
    const tokens = new Tokens();
    const { run } = await start(kindOf(tokens));
    tokens.accepts = () => false;
    await expect(run(home)).rejects.toMatchObject({ failure: { class: 'credentials' } });
  });

  test.each([
    [
      json(401, { error: 'invalid_client', error_description: 'AADSTS7000215: Invalid client secret' }),
      'credentials',
    ],
    [json(400, { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' }), 'credentials'],
    [json(429, { error: 'temporarily_unavailable' }, { 'retry-after': '77' }), 'rate_limited'],
    [json(503, { error: 'temporarily_unavailable' }), 'transient'],
    [{ status: 200, headers: { 'content-type': 'text/html' }, body: '<html>Welcome</html>' }, 'transient'],
    [json(200, { token_type: 'Bearer' }), 'transient'],
    [{ reset: 'headers' } as const, 'transient'],
  ])('refusal %# is %s, and nothing is sent to the API', async (reply, expected) => {
    const { run, service, server } = await start(kindOf());
    // The host and the service agree on the time, so that only the key can be at fault.
    const date = new Date(Date.UTC(2026, 0, 1)).toUTCString();
    service.answer = () => ('reset' in reply ? reply : { ...reply, headers: { ...reply.headers, date } });
    const failure = await run(home).catch((error: { failure: unknown }) => error.failure);
    expect(failure).toMatchObject({ class: expected, scope: 'sink' });
    expect(failure).not.toHaveProperty('unclear', true);
    expect(JSON.stringify(failure)).not.toContain('the-client-secret');
    expect(server.requests.every((request) => service.sort(request) === 'neither')).toBe(true);
  });
});

test('a wrong clock of this host is not held against the key', async () => {
  const { run, service } = await start(googleKind());
  const date = new Date(Date.UTC(2026, 6, 1)).toUTCString();
  service.answer = () => json(400, { error: 'invalid_grant', error_description: 'Invalid JWT' }, { date });
  await expect(run(home)).rejects.toMatchObject({
    failure: { class: 'transient', message: expect.stringContaining('clock') },
  });
});

test('the digest is of nothing but what is documented', () => {
  // Guards against a signature over a normalised URL: the query has to be signed as it is sent.
  const url = new URL('https://eu.api.ovh.com/1.0/domain/zone/example.org/record?subDomain=home');
  const keys = { applicationSecret: new Secret('AS'), consumerKey: new Secret('CK') };
  const expected = createHash('sha1').update(`AS+CK+GET+${url.href}++1`).digest('hex');
  expect(ovhSignature(keys, { method: 'GET', url }, 1)).toBe(`$1$${expected}`);
});
