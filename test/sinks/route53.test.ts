import { describe, expect, test } from 'vitest';
import type { HttpAnswer, HttpRequest } from '../../src/net/http.ts';
import { reconcile } from '../../src/sinks/reconcile.ts';
import { route53 } from '../../src/sinks/route53/index.ts';
import { SinkState } from '../../src/state/sink-memory.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import { route53Set } from '../replay/dialects-signed.ts';
import { target } from './rest/support.ts';
import { failed, trial } from './trial.ts';

const GIVEN = { access_key_id: 'AKIDEXAMPLE', secret_access_key: 'a-secret-key' };
const xml = (body: string, status = 200, headers: Record<string, string> = {}): HttpAnswer => ({
  status,
  headers: { 'content-type': 'text/xml', ...headers },
  body: `<?xml version="1.0"?>${body}`,
});
const zone = (id: string, name: string, hidden = false) =>
  `<HostedZone><Id>/hostedzone/${id}</Id><Name>${name}.</Name><Config><PrivateZone>${hidden}</PrivateZone></Config></HostedZone>`;
const zones = (list: string, more = '<IsTruncated>false</IsTruncated>') =>
  xml(
    `<ListHostedZonesByNameResponse><HostedZones>${list}</HostedZones>${more}</ListHostedZonesByNameResponse>`,
  );
const sets = (list: readonly string[], more = '<IsTruncated>false</IsTruncated>') =>
  xml(
    `<ListResourceRecordSetsResponse><ResourceRecordSets>${list.join('')}</ResourceRecordSets>${more}</ListResourceRecordSetsResponse>`,
  );
const set = (name: string, type: string, ttl: number, ...values: string[]) =>
  route53Set({ name, type, ttl, values });
const change = (status: string, name = 'ChangeResourceRecordSetsResponse') =>
  xml(`<${name}><ChangeInfo><Id>/change/C1</Id><Status>${status}</Status></ChangeInfo></${name}>`);
const problem = (status: number, code: string, message: string, headers = {}) =>
  xml(
    `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
    status,
    headers,
  );

function service(
  held: readonly string[],
  given: object = {},
  instead: (request: HttpRequest) => HttpAnswer | undefined = () => undefined,
) {
  return trial(route53, { ...GIVEN, ...given }, (request) => {
    const other = instead(request);
    if (other !== undefined) return other;
    if (request.url.pathname.includes('hostedzonesbyname')) return zones(zone('Z1', 'example.org'));
    return request.method === 'GET' ? sets(held) : change('PENDING');
  });
}

const sent = (asked: readonly HttpRequest[]) =>
  asked
    .filter(({ method }) => method === 'POST')
    .map(({ body = '' }) =>
      [...body.matchAll(/<Change>.*?<\/Change>/g)].map(([one]) =>
        one
          .replace(/<\/?(?:Change|ResourceRecordSet|ResourceRecords?|Value)>/g, ' ')
          .replace(/<\/?\w+>/g, ' ')
          .replace(/\s+/g, ' ')
          .trim(),
      ),
    );

const wanted = target('home.example.org', '198.51.100.7');

describe('what is sent', () => {
  test('all changes of a zone in one signed batch: both families, TTL as found', async () => {
    const aws = service([set('home.example.org', 'A', 60, '192.0.2.1')]);
    const results = await aws.run(wanted, { ...target('home.example.org', '2001:db8::7'), ttl: 120 });
    expect(results.map(({ kind }) => kind)).toEqual(['updated', 'updated']);
    expect(sent(aws.asked)).toEqual([
      ['UPSERT home.example.org. A 60 198.51.100.7', 'UPSERT home.example.org. AAAA 120 2001:db8::7'],
    ]);
    const [list, , write] = aws.asked;
    expect(list?.headers?.['authorization']).toContain('/us-east-1/route53/aws4_request');
    expect(write?.url.pathname).toBe('/2013-04-01/hostedzone/Z1/rrset/');
    expect(write?.body).toContain('xmlns="https://route53.amazonaws.com/doc/2013-04-01/"');
  });

  test('a new set has 300 seconds if nobody says otherwise', async () => {
    const aws = service([]);
    await aws.run(wanted);
    expect(sent(aws.asked)).toEqual([['UPSERT home.example.org. A 300 198.51.100.7']]);
  });

  test('a set that is to be empty is deleted exactly as it stands', async () => {
    const aws = service([set('home.example.org', 'A', 60, '192.0.2.1', '192.0.2.2')]);
    await aws.run({ key: wanted.key, addresses: [] });
    expect(sent(aws.asked)).toEqual([['DELETE home.example.org. A 60 192.0.2.1 192.0.2.2']]);
  });

  test('a wildcard, which comes back as \\052, is found', async () => {
    const aws = service([set('*.example.org', 'A', 60, '198.51.100.7')]);
    expect(await aws.run(target('*.example.org', '198.51.100.7'))).toEqual([]);
  });

  test('temporary credentials bring their token', async () => {
    const aws = service([], { session_token: 'the-session-token' });
    await aws.run(wanted);
    expect(aws.asked.every(({ headers }) => headers?.['x-amz-security-token'] === 'the-session-token')).toBe(
      true,
    );
  });
});

describe('what stays as it is', () => {
  test.each([
    [
      'an alias',
      route53Set({ name: 'home.example.org', type: 'A', alias: 'lb.example.net.' }),
      'an alias record',
    ],
    [
      'a weighted record',
      set('home.example.org', 'A', 60, '192.0.2.1').replace(
        '<TTL>',
        '<SetIdentifier>blue</SetIdentifier><Weight>1</Weight><TTL>',
      ),
      'a record with a routing policy',
    ],
  ])('%s is never replaced, and the rest of the batch goes through', async (_, held, words) => {
    const aws = service([held]);
    const results = await aws.run(wanted, target('other.example.org', '198.51.100.7'));
    const failure = { class: 'refused', scope: 'record', message: expect.stringContaining(words) };
    expect(results).toContainEqual({ key: wanted.key, kind: 'failed', failure });
    expect(sent(aws.asked)).toEqual([['UPSERT other.example.org. A 300 198.51.100.7']]);
  });

  test.each([
    [false, 'Z1'],
    [true, 'Z2'],
  ])('private_zone: %s takes %s of two zones of one name', async (private_zone, id) => {
    const aws = service([], { private_zone }, ({ url }) =>
      url.pathname.includes('hostedzonesbyname')
        ? zones(zone('Z1', 'example.org') + zone('Z2', 'example.org', true))
        : undefined,
    );
    await aws.run(wanted);
    expect(aws.asked.at(-1)?.url.pathname).toContain(`/hostedzone/${id}/`);
  });

  test('of two public zones of one name none is guessed; zone_id says which', async () => {
    const both = ({ url }: HttpRequest) =>
      url.pathname.includes('hostedzonesbyname')
        ? zones(zone('Z1', 'example.org') + zone('Z3', 'example.org'))
        : undefined;
    await expect(service([], {}, both).run(wanted)).rejects.toMatchObject({
      failure: { class: 'invalid', message: expect.stringContaining('zone_id') },
    });
    const aws = service([], { zone_id: 'Z3' }, both);
    await aws.run(wanted);
    expect(aws.asked.at(-1)?.url.pathname).toContain('/hostedzone/Z3/');
  });

  test('a reverse zone of a part of a network does not spoil the list', async () => {
    const aws = service([], {}, ({ url }) =>
      url.pathname.includes('hostedzonesbyname')
        ? zones(zone('Z9', '0\\05725.2.0.192.in-addr.arpa') + zone('Z1', 'example.org'))
        : undefined,
    );
    expect(await aws.run(wanted)).toMatchObject([{ kind: 'updated' }]);
  });
});

describe('lists', () => {
  test('zones go on after NextDNSName and NextHostedZoneId', async () => {
    const aws = service([], {}, ({ url }) => {
      if (!url.pathname.includes('hostedzonesbyname')) return undefined;
      const more =
        '<IsTruncated>true</IsTruncated><NextDNSName>example.org.</NextDNSName><NextHostedZoneId>Z1</NextHostedZoneId>';
      if (url.searchParams.get('hostedzoneid') === 'Z1') return zones(zone('Z1', 'example.org'));
      return zones(zone('Z0', 'example.com'), more);
    });
    expect(await aws.run(wanted)).toMatchObject([{ kind: 'updated' }]);
    expect(aws.asked[1]?.url.searchParams.get('dnsname')).toBe('example.org.');
  });

  test('the list of a name ends where the next name begins', async () => {
    const next = (name: string, type: string) =>
      `<IsTruncated>true</IsTruncated><NextRecordName>${name}.</NextRecordName><NextRecordType>${type}</NextRecordType>`;
    const aws = service([], {}, ({ url }) => {
      if (!url.pathname.endsWith('/rrset')) return undefined;
      return url.searchParams.get('type') === 'AAAA'
        ? sets([set('home.example.org', 'AAAA', 60, '2001:db8::1')], next('other.example.org', 'A'))
        : sets([set('home.example.org', 'A', 60, '192.0.2.1')], next('home.example.org', 'AAAA'));
    });
    const results = await aws.run(wanted, target('home.example.org', '2001:db8::7'));
    expect(results).toHaveLength(2);
    expect(aws.asked.map(({ method }) => method)).toEqual(['GET', 'GET', 'GET', 'POST']);
  });
});

describe('wait: true', () => {
  test('is done only when INSYNC', async () => {
    const aws = service([], { wait: true }, ({ url }) =>
      url.pathname.includes('/change/') ? change('INSYNC', 'GetChangeResponse') : undefined,
    );
    expect(await aws.run(wanted)).toMatchObject([{ kind: 'updated' }]);
    expect(aws.asked.at(-1)?.url.pathname).toBe('/2013-04-01/change/C1');
    expect(aws.time.slept).toContain(2_000);
  });

  test('and pending until then', async () => {
    const aws = service([], { wait: true }, ({ url }) =>
      url.pathname.includes('/change/') ? change('PENDING', 'GetChangeResponse') : undefined,
    );
    expect(await aws.run(wanted)).toMatchObject([{ kind: 'pending', retryAfter: 15_000 }]);
  });
});

describe('wait: true, from look to look', () => {
  /** Lists show a set from the moment its change is taken; `states` are what GetChange says, the last one from then on. */
  function waiting(states: readonly (string | HttpAnswer)[], held: string[] = []) {
    let asked = 0;
    const aws = service(held, { wait: true }, ({ method, url }) => {
      if (url.pathname.includes('/change/')) {
        const state = states[Math.min(asked, states.length - 1)] ?? 'INSYNC';
        asked += 1;
        return typeof state === 'string' ? change(state, 'GetChangeResponse') : state;
      }
      if (method === 'POST') held.splice(0, held.length, set('home.example.org', 'A', 300, '198.51.100.7'));
      return undefined;
    });
    const { clock } = aws.time;
    const memory = new SinkState(
      'f',
      clock,
      (text) => text,
      async () => {},
    );
    const { http } = aws.call;
    const init = { sink: aws.sink, memory, batch: 400, timeout: 5_000, minimumGap: 0, clock, http };
    const look = async () => {
      const { signal } = new AbortController();
      const [outcome] = await reconcile(init, { targets: [wanted], log: silentLog, signal });
      return outcome?.kind;
    };
    return { ...aws, look, memory };
  }

  test('a record is confirmed by GetChange, and not by a list that shows it already', async () => {
    // Twice in the call that writes, once in each look.
    const { look, asked, memory } = waiting(['PENDING', 'PENDING', 'PENDING', 'INSYNC']);
    const looks: unknown[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      looks.push(await look());
      expect(memory.confirmed(wanted.key) !== undefined).toBe(turn === 2);
    }
    expect(looks).toEqual(['pending', 'pending', 'updated']);
    expect(await look()).toBe('unchanged');
    expect(sent(asked)).toHaveLength(1);
  });

  test('a change that Route 53 no longer knows is done', async () => {
    const unknown = problem(404, 'NoSuchChange', 'A change with the specified change ID does not exist.');
    const { look } = waiting(['PENDING', 'PENDING', unknown]);
    expect([await look(), await look()]).toEqual(['pending', 'updated']);
  });

  test('a record that somebody changes meanwhile is written again', async () => {
    const held: string[] = [];
    const { look, asked } = waiting(['PENDING', 'PENDING', 'INSYNC'], held);
    expect(await look()).toBe('pending');
    held.splice(0, 1, set('home.example.org', 'A', 300, '192.0.2.66'));
    expect(await look()).toBe('updated');
    expect(sent(asked)).toHaveLength(2);
  });
});

describe('refusals', () => {
  test.each([
    [403, 'InvalidClientTokenId', 'The security token is invalid.', 'credentials', 'sink'],
    [403, 'SignatureDoesNotMatch', 'It does not match.', 'credentials', 'sink'],
    [403, 'AccessDenied', 'Not authorized.', 'credentials', 'sink'],
    [400, 'Throttling', 'Rate exceeded', 'rate_limited', 'sink'],
    [400, 'PriorRequestNotComplete', 'The request was rejected.', 'conflict', 'record'],
    [404, 'NoSuchHostedZone', 'No hosted zone found.', 'conflict', 'record'],
    [
      400,
      'InvalidChangeBatch',
      '[Tried to delete resource record set but it was not found]',
      'conflict',
      'record',
    ],
    [
      400,
      'InvalidChangeBatch',
      '[RRSet of type A is not permitted as it conflicts with other records]',
      'refused',
      'record',
    ],
    [400, 'InvalidChangeBatch', '[FATAL problem: DomainLabelTooLong]', 'invalid', 'record'],
    [400, 'InvalidInput', 'Invalid XML', 'invalid', 'record'],
    [503, 'ServiceUnavailable', 'Later.', 'transient', 'sink'],
  ])('status %i, %s (%s) is %s for the %s', async (status, code, words, expected, scope) => {
    const aws = service([], {}, ({ method }) =>
      method === 'POST' ? problem(status, code, words) : undefined,
    );
    expect(await aws.run(wanted)).toMatchObject(failed(expected, scope, `Route 53: ${words} (${code})`));
  });

  test('the older form of an invalid batch, with its messages', async () => {
    const body =
      '<InvalidChangeBatch xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Messages><Message>Tried to delete, but the values provided do not match the current values</Message></Messages></InvalidChangeBatch>';
    const aws = service([], {}, ({ method }) => (method === 'POST' ? xml(body, 400) : undefined));
    expect(await aws.run(wanted)).toMatchObject(failed('conflict', 'record'));
  });

  test('a busy zone is asked once, however large the batch: no change is to blame', async () => {
    const aws = service([], {}, ({ method }) =>
      method === 'POST' ? problem(400, 'PriorRequestNotComplete', 'Busy.') : undefined,
    );
    const names = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => target(`${name}.example.org`, '198.51.100.7'));
    const results = await aws.run(...names);
    expect(results.every((one) => one.kind === 'failed' && one.failure.class === 'conflict')).toBe(true);
    expect(sent(aws.asked)).toHaveLength(1);
  });

  test('one change that is refused is found by halving, and the others get through', async () => {
    const aws = service([], {}, ({ method, body = '' }) =>
      method === 'POST' && body.includes('c.example.org')
        ? problem(400, 'InvalidChangeBatch', '[it is not permitted as it conflicts with other records]')
        : undefined,
    );
    const names = ['a', 'b', 'c', 'd'].map((name) => target(`${name}.example.org`, '198.51.100.7'));
    const results = await aws.run(...names);
    expect(results.filter(({ kind }) => kind === 'updated')).toHaveLength(3);
    expect(results.find(({ kind }) => kind === 'failed')?.key.name).toBe('c.example.org');
  });

  test('a refused signature while the clock is wrong is not held against the key', async () => {
    const late = { date: 'Mon, 05 Jan 2026 00:00:00 GMT' };
    const aws = service([], {}, () => problem(403, 'SignatureDoesNotMatch', 'Signature expired', late));
    await expect(aws.run(wanted)).rejects.toMatchObject({
      failure: { class: 'transient', message: expect.stringContaining('the clock of this host is wrong') },
    });
  });

  test('a failed list is not an empty one', async () => {
    const aws = service([], {}, ({ url }) =>
      url.pathname.endsWith('/rrset') ? problem(400, 'Throttling', 'Rate exceeded') : undefined,
    );
    await expect(aws.run(wanted)).rejects.toMatchObject({ failure: { class: 'rate_limited' } });
    expect(sent(aws.asked)).toEqual([]);
  });
});
