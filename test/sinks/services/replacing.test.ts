import { afterEach, describe, expect, test } from 'vitest';
import { plan } from '../../../src/sinks/plan.ts';
import { callOf, target } from '../rest/support.ts';
import { azureKind } from './azure.ts';
import { type Kind, startService } from './bench.ts';
import { kind as gandi } from './gandi.ts';
import { kind as godaddy } from './godaddy.ts';
import { namecheapKind, type ZoneState } from './namecheap.ts';
import { kind as powerdns } from './powerdns.ts';

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

describe('PowerDNS', () => {
  test('many sets of both families are one request', async () => {
    const { zone, run, sent } = await start(powerdns);
    zone.put('home', 'A', ['192.0.2.1', '192.0.2.2'], 1_800);
    zone.put('old', 'A', ['192.0.2.1'], 1_800);
    const old = { key: target('old.example.org', '192.0.2.1').key, addresses: [] };
    await run(home, target('home.example.org', '2001:db8::7'), old);
    const set = { name: 'home.example.org.', changetype: 'REPLACE' };
    const on = (content: string) => [{ content, disabled: false }];
    expect(sent()).toEqual([
      [
        'PATCH',
        '/api/v1/servers/localhost/zones/example.org.',
        {
          rrsets: [
            { ...set, type: 'A', ttl: 1_800, records: on('198.51.100.7') },
            { ...set, type: 'AAAA', ttl: 300, records: on('2001:db8::7') },
            { name: 'old.example.org.', type: 'A', changetype: 'DELETE' },
          ],
        },
      ],
    ]);
  });

  test('a member that is switched off stays so, also where it is all there is', async () => {
    const { zone, run } = await start(powerdns);
    zone.add({ name: 'home', type: 'A', content: '192.0.2.99', ttl: 1_800, extra: { disabled: true } });
    expect(await run(home)).toMatchObject([{ kind: 'updated' }]);
    expect(zone.set('home', 'A')).toMatchObject([
      { content: '198.51.100.7', extra: {} },
      { content: '192.0.2.99', extra: { disabled: true } },
    ]);
  });

  test('one change that is refused does not keep the others from being made', async () => {
    const { zone, run } = await start(powerdns);
    zone.put('alias', 'CNAME', ['www.example.org.'], 1_800);
    const names = ['a', 'b', 'alias', 'c', 'd'].map((name) => target(`${name}.example.org`, '198.51.100.7'));
    const results = await run(...names);
    expect(results.filter(({ kind }) => kind === 'updated')).toHaveLength(4);
    expect(results.filter(({ kind }) => kind === 'failed')).toMatchObject([
      { key: { name: 'alias.example.org' }, failure: { class: 'refused', scope: 'record' } },
    ]);
  });
});

describe('GoDaddy', () => {
  test('the path never ends before the name: the apex is @, and www survives', async () => {
    const { zone, run, sent } = await start(godaddy);
    zone.put('', 'A', ['192.0.2.1'], 1_800);
    zone.put('www', 'A', ['192.0.2.1'], 1_800);
    await run(target('example.org', '198.51.100.7'));
    expect(sent()).toEqual([
      ['PUT', '/v1/domains/example.org/records/A/%40', [{ data: '198.51.100.7', ttl: 1_800 }]],
    ]);
    expect(zone.shown()).toEqual(['@/A 198.51.100.7 1800', 'www/A 192.0.2.1 1800']);
  });

  test('A and AAAA of a name are never taken for each other', async () => {
    const { zone, run } = await start(godaddy);
    zone.put('home', 'AAAA', ['2001:db8::1'], 1_800);
    await run(home);
    expect(zone.set('home', 'AAAA')).toHaveLength(1);
    expect(zone.set('home', 'A')).toHaveLength(1);
  });

  test('no more than the documented requests a minute leave', async () => {
    const { run, server, time } = await start(godaddy);
    const names = Array.from({ length: 60 }, (_, index) => target(`n${index}.example.org`, '198.51.100.7'));
    // More questions than a minute holds, so the call ends early instead of being blocked there.
    await expect(run(...names)).rejects.toMatchObject({
      failure: { class: 'rate_limited', retryAfter: expect.any(Number) },
    });
    expect(server.requests).toHaveLength(55);
    expect(time.slept).toEqual([]);
  });
});

describe('Gandi', () => {
  test('a set made by somebody else meanwhile is not replaced', async () => {
    const { zone, read, sink, http } = await start(gandi);
    expect(await read([home])).toEqual([]);
    zone.put('home', 'A', ['192.0.2.50'], 1_800);
    const change = {
      target: home,
      actual: [],
      edits: [{ kind: 'create', address: home.addresses[0] as never } as const],
    };
    expect(await sink.write([change], callOf(http))).toMatchObject([
      { kind: 'failed', failure: { class: 'conflict' } },
    ]);
    expect(zone.shown()).toEqual(['home/A 192.0.2.50 1800']);
  });

  test('the key of the older sort has its own scheme', async () => {
    const { server, run } = await start(gandi, { token_type: 'api_key' });
    await run(home).catch(() => []);
    expect(server.requests[0]?.headers.authorization).toBe('Apikey the-token');
  });
});

describe('Azure DNS', () => {
  test('a change names the set it has seen, and is refused if that was changed', async () => {
    const { zone, run, server, service } = await start(azureKind());
    zone.put('home', 'A', ['192.0.2.1'], 1_800, { owner: 'somebody' });
    expect(await run(home)).toMatchObject([{ kind: 'updated' }]);
    const patch = server.requests.find((request) => request.method === 'PATCH');
    expect(patch?.headers['if-match']).toBe('1001-1800');
    expect(JSON.parse(patch?.body ?? '')).toEqual({
      properties: { ARecords: [{ ipv4Address: '198.51.100.7' }] },
    });
    expect(zone.set('home', 'A')[0]?.extra).toEqual({ owner: 'somebody' });
    const { answer } = service;
    service.answer = (request) => {
      // Somebody else is quicker.
      if (request.method === 'PATCH') zone.put('home', 'A', ['192.0.2.66'], 1_800);
      return answer(request);
    };
    expect(await run(target('home.example.org', '198.51.100.8'))).toMatchObject([
      { kind: 'failed', failure: { class: 'conflict' } },
    ]);
    expect(zone.set('home', 'A')).toMatchObject([{ content: '192.0.2.66' }]);
  });

  test('a new set is made only where there is none', async () => {
    const { run, server } = await start(azureKind());
    expect(await run(home)).toMatchObject([{ kind: 'updated' }]);
    const put = server.requests.find((request) => request.method === 'PUT');
    expect(put?.headers['if-none-match']).toBe('*');
  });

  test('an alias of an Azure resource is left alone', async () => {
    const { zone, run, sent } = await start(azureKind());
    zone.put('home', 'A', ['192.0.2.1'], 1_800, { alias: '/subscriptions/sub/publicIPAddresses/ip' });
    expect(await run(home)).toMatchObject([
      { kind: 'failed', failure: { class: 'refused', scope: 'record' } },
    ]);
    expect(sent()).toEqual([]);
  });
});

describe('Namecheap', () => {
  const kinds = async (state: ZoneState = { emailType: 'MX' }) => {
    const service = await start(namecheapKind(state));
    const { zone } = service;
    zone.add({ name: 'home', type: 'A', content: '192.0.2.1', ttl: 1_800, extra: { MXPref: '10' } });
    zone.add({ name: '', type: 'MX', content: 'mail.example.org.', ttl: 3_600, extra: { MXPref: '20' } });
    zone.add({
      name: '',
      type: 'TXT',
      content: 'v=spf1 include:"a&b" <x> ~all',
      ttl: 60,
      extra: { MXPref: '10' },
    });
    zone.add({ name: 'www', type: 'CNAME', content: 'home.example.org.', ttl: 60, extra: { MXPref: '10' } });
    zone.add({
      name: 'go',
      type: 'URL301',
      content: 'https://example.net/?a=1&b=2',
      ttl: 60,
      extra: { MXPref: '10' },
    });
    zone.add({
      name: '',
      type: 'CAA',
      content: '0 issue "ca.example.net"',
      ttl: 60,
      extra: { MXPref: '10' },
    });
    return service;
  };

  test('every other host of the zone survives, to the letter', async () => {
    const { zone, run, sent } = await kinds();
    const before = zone.shown();
    const results = await run(
      home,
      target('home.example.org', '2001:db8::7'),
      target('example.org', '198.51.100.7'),
    );
    expect(results).toMatchObject([{ kind: 'updated' }, { kind: 'updated' }, { kind: 'updated' }]);
    expect(sent()).toHaveLength(1);
    const expected = before.map((one) => one.replace('home/A 192.0.2.1', 'home/A 198.51.100.7'));
    expect(zone.shown()).toEqual([...expected, 'home/AAAA 2001:db8::7 1800', '@/A 198.51.100.7 1800'].sort());
    expect(zone.set('', 'MX')[0]?.extra).toEqual({ MXPref: '20' });
    expect(sent()[0]?.[2]).toMatchObject({ EmailType: 'MX', SLD: 'example', TLD: 'org' });
  });

  const labelled = { MXPref: '10', AssociatedAppTitle: 'URL Forwarding', FriendlyName: 'A & B' };

  test('what the console shows of a host survives too', async () => {
    const { zone, run } = await kinds();
    zone.add({ name: 'shown', type: 'URL', content: 'https://example.net/', ttl: 60, extra: labelled });
    zone.put('home', 'A', ['192.0.2.1'], 1_800, { MXPref: '10', FriendlyName: 'ours' });
    expect(await run(home)).toMatchObject([{ kind: 'updated' }]);
    expect(zone.set('shown', 'URL')[0]?.extra).toEqual(labelled);
    expect(zone.set('home', 'A')).toMatchObject([
      { content: '198.51.100.7', extra: { MXPref: '10', FriendlyName: 'ours' } },
    ]);
  });

  test('a label lost in the write is reported, but for that of the host that was to change', async () => {
    const { zone, run } = await kinds({ emailType: 'MX', unlabels: true });
    zone.put('home', 'A', ['192.0.2.1'], 1_800, labelled);
    expect(await run(home)).toMatchObject([{ kind: 'updated' }]);
    zone.add({ name: 'shown', type: 'A', content: '192.0.2.9', ttl: 60, extra: labelled });
    expect(await run(target('home.example.org', '198.51.100.8'))).toMatchObject([
      {
        kind: 'failed',
        failure: { class: 'refused', message: expect.stringContaining('shown/a 192.0.2.9') },
      },
    ]);
  });

  test('the key is in no address', async () => {
    const { run, server } = await kinds();
    await run(home);
    expect(server.requests.every(({ target: path }) => path === '/xml.response')).toBe(true);
  });

  test('what changed since the look is not undone', async () => {
    const { zone, read, sink, http } = await kinds();
    const actual = (await read([home])).filter((record) => record.key.name === 'home.example.org');
    zone.add({ name: 'late', type: 'A', content: '192.0.2.77', ttl: 60, extra: { MXPref: '10' } });
    expect(await sink.write(plan([home], actual), callOf(http))).toMatchObject([{ kind: 'updated' }]);
    expect(zone.set('late', 'A')).toHaveLength(1);
    zone.put('home', 'A', ['192.0.2.88'], 1_800);
    expect(await sink.write(plan([home], actual), callOf(http))).toMatchObject([
      { kind: 'failed', failure: { class: 'conflict' } },
    ]);
    expect(zone.set('home', 'A')).toMatchObject([{ content: '192.0.2.88' }]);
  });

  test.each([
    ['dynamic DNS host', { IsDDNSEnabled: true }],
    ['host that is switched off', { IsActive: false }],
  ])('a %s cannot be sent back, so nothing is written', async (_, extra) => {
    const { zone, run, sent } = await kinds();
    zone.add({ name: 'other', type: 'A', content: '192.0.2.5', ttl: 60, extra });
    expect(await run(home)).toMatchObject([
      { kind: 'failed', failure: { class: 'refused', message: expect.stringContaining('other/A') } },
    ]);
    expect(sent()).toEqual([]);
  });

  test('a host lost in the write is reported, and held until somebody has looked', async () => {
    const { run } = await kinds({ emailType: 'MX', forgets: 'www' });
    expect(await run(home)).toMatchObject([
      {
        kind: 'failed',
        failure: {
          class: 'refused',
          unclear: true,
          message: expect.stringContaining('www/cname home.example.org'),
        },
      },
    ]);
  });

  test('a list that cannot be read is no empty zone: nothing is written', async () => {
    const { run, sent, trouble, zone } = await kinds();
    const before = zone.shown();
    trouble('read', {
      headers: { 'content-type': 'text/xml' },
      body: '<ApiResponse Status="OK"><CommandResponse>',
    });
    await expect(run(home)).rejects.toMatchObject({ failure: { class: 'transient' } });
    expect(sent()).toEqual([]);
    expect(zone.shown()).toEqual(before);
  });
});
