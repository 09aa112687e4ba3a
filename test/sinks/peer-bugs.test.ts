import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { type Fqdn, fqdn, relativeName } from '../../src/model/name.ts';
import type { ActualRecord, RecordKey } from '../../src/model/record.ts';
import type { HttpAnswer, HttpClient, HttpRequest } from '../../src/net/http.ts';
import { cloudflare } from '../../src/sinks/cloudflare.ts';
import type { Sink } from '../../src/sinks/contract.ts';
import { hetzner } from '../../src/sinks/hetzner.ts';
import { plan } from '../../src/sinks/plan.ts';
import { reconcile } from '../../src/sinks/reconcile.ts';
import { absoluteIn, relativeTo } from '../../src/sinks/rest/records.ts';
import { SinkState } from '../../src/state/sink-memory.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import { target } from './rest/support.ts';
import { answer } from './rest/toy.ts';
import { alone, mappingFor, rowNamed, V4 } from './table/support.ts';
import { runsTest } from './titles.ts';
import { trial } from './trial.ts';

const CONFORMANCE = 'test/conformance/suite.ts';
const TABLE = 'test/sinks/table/peer-bugs.test.ts';
const HERE = 'test/sinks/peer-bugs.test.ts';

/** Faults found in other clients, each with the tests that would find it here. The conformance suite runs on every sink. */
const FAULTS: ReadonlyArray<{
  readonly where: string;
  readonly fault: string;
  /** File and title. */
  readonly tests: ReadonlyArray<readonly [file: string, title: string]>;
}> = [
  {
    where: 'ddns-go baiducloud, vercel',
    fault: 'a record is matched by name without type: A and AAAA overwrite each other',
    tests: [
      [CONFORMANCE, 'updates a record, of either family, and leaves the other one alone'],
      [TABLE, 'ddns-go baiducloud, vercel: A and AAAA of one name overwrite each other'],
    ],
  },
  {
    where: 'ddns-go trafficroute, NewFuture tencentcloud',
    fault: 'a list that failed is taken for no record: a duplicate is created',
    tests: [
      [CONFORMANCE, 'and throws: a failed list is not an empty one'],
      ['test/sinks/reconcile.test.ts', 'takes a failed list for no list: nothing is written'],
      [
        'test/sinks/services/replacing.test.ts',
        'a list that cannot be read is no empty zone: nothing is written',
      ],
    ],
  },
  {
    where: 'ddns-go, most providers',
    fault: 'one failing domain ends the rest of the list',
    tests: [
      [TABLE, 'ddns-go: one failing domain ends the rest of the list'],
      [HERE, 'ddns-go: one refused name does not keep the others from being written'],
      [
        'test/sinks/rest/session.test.ts',
        'a name without a zone is not found; it keeps no other name from being read and written',
      ],
    ],
  },
  {
    where: 'ddns-go rainyun, Volcengine',
    fault: 'only the first page is read: a record further on is created again, for ever',
    tests: [[CONFORMANCE, 'finds what stands on later pages']],
  },
  {
    where: 'ddns-go godaddy',
    fault: 'an update of the apex, with an empty name in the path, wipes www',
    tests: [
      [
        'test/sinks/services/replacing.test.ts',
        'the path never ends before the name: the apex is @, and www survives',
      ],
      [CONFORMANCE, 'an update of the apex leaves every name below it'],
    ],
  },
  {
    where: 'ddns-go dynadot',
    fault: 'the service itself deletes other records in an update, and nobody notices',
    tests: [
      [
        HERE,
        'ddns-go dynadot: what the service has deleted in an update is found by the next check, and mended',
      ],
    ],
  },
  {
    where: 'ddns-go, ddns-updater spaceship',
    fault: 'delete, then create: in between the name has no address',
    tests: [
      [CONFORMANCE, 'at no moment of an update is a name without an address'],
      [HERE, 'spaceship: no plan deletes before it has put an address there'],
    ],
  },
  {
    where: 'OPNsense hetzner',
    fault: 'an update that fails for whatever reason (401, 429, 500) goes on to create',
    tests: [
      [HERE, 'OPNsense hetzner: an update answered %i is not followed by a create'],
      [CONFORMANCE, 'and reports it, changes nothing, and works the next time'],
    ],
  },
  {
    where: 'ddns-go default:',
    fault: 'an unknown provider silently becomes another one',
    tests: [[TABLE, 'ddns-go: an unknown provider silently becomes another one']],
  },
  {
    where: 'ddns-go name_com',
    fault: 'a success is never recorded, so that it is written again for ever',
    tests: [
      [HERE, 'ddns-go name_com: what a service has taken is remembered as done, and not sent again'],
      ['test/sinks/reconcile.test.ts', 'writes, remembers, and does not write again'],
    ],
  },
  {
    where: 'OpenWrt dyn.com',
    fault: 'a request with the address of one family alone removes the record of the other',
    tests: [
      [TABLE, 'openwrt dyn.com: an update of one family removes the other'],
      [
        'test/sinks/table/whole-name.test.ts',
        '%s is told the address that stays along with the one that changes',
      ],
    ],
  },
  {
    where: 'ddns-updater dyn, variomedia',
    fault: 'nochg is an error',
    tests: [[TABLE, 'ddns-updater %s: nochg is an error']],
  },
  {
    where: 'ddns-updater strato',
    fault: 'a refused login is never recognised (a quoted constant)',
    tests: [[TABLE, 'ddns-updater strato: a refused login is never recognised']],
  },
  {
    where: 'ddns-updater cloudflare',
    fault: 'a create is followed by a redundant PUT',
    tests: [[HERE, 'ddns-updater cloudflare: a create is one request, and nothing follows it']],
  },
  {
    where: 'OPNsense dyndns2',
    fault: 'any status from 200 to 299 is a success',
    tests: [[TABLE, 'OPNsense dyndns2: any 2xx is a success']],
  },
  {
    where: 'OPNsense address.py',
    fault: 'lstrip removes a set of characters where a prefix was meant',
    tests: [[HERE, 'OPNsense address.py: what is cut off a name is its zone, and no character more']],
  },
  {
    where: 'caddy-dynamicdns',
    fault: 'the address is remembered although writing it failed: stuck until the next change',
    tests: [
      [HERE, 'a write that failed is not remembered as done, and made again without a change of address'],
    ],
  },
  {
    where: 'NewFuture cloudflare',
    fault: "the operator's own comment is overwritten",
    tests: [
      [
        'test/sinks/cloudflare.test.ts',
        'a lone change is a PATCH of the content alone: proxied, TTL, comment and tags stay as found',
      ],
      [CONFORMANCE, 'keeps what else the provider holds with a record that changes'],
    ],
  },
  {
    where: 'NewFuture TLS',
    fault: 'without certificates of authorities it goes on without checking any',
    tests: [
      [TABLE, 'NewFuture DDNS: TLS that cannot be verified is used all the same'],
      [
        'test/net/http-tls.test.ts',
        'refuses a certificate nobody vouches for, also where no authority is known at all',
      ],
    ],
  },
];

test.each(FAULTS)('$where: $fault', ({ tests }) => {
  expect(tests.length).toBeGreaterThan(0);
  for (const [file, title] of tests) {
    const text = readFileSync(path.resolve(import.meta.dirname, '../..', file), 'utf8');
    expect(runsTest(text, title), `${file}: ${title}`).toBe(true);
  }
});

it('spaceship: no plan deletes before it has put an address there', () => {
  const text = fc.integer({ min: 1, max: 6 }).map((end) => `192.0.2.${end}`);
  const record = (content: string): ActualRecord => ({
    key: target('h.example.org', '192.0.2.1').key,
    content,
  });
  fc.assert(
    fc.property(fc.uniqueArray(text, { minLength: 1 }), fc.array(text), (wanted, found) => {
      const [change] = plan([target('h.example.org', ...wanted)], found.map(record));
      const deleting = change?.edits.findIndex(({ kind }) => kind === 'delete') ?? -1;
      const after = deleting < 0 ? [] : (change?.edits.slice(deleting) ?? []);
      expect(after.every(({ kind }) => kind === 'delete')).toBe(true);
    }),
  );
});

const REFUSED = [401, 403, 404, 409, 429, 500, 503];

describe('Hetzner', () => {
  const zones = { zones: [{ id: 1, name: 'example.org' }] };
  const sets = {
    rrsets: [{ id: 'home/A', name: 'home', type: 'A', ttl: 300, records: [{ value: '192.0.2.1' }] }],
  };
  const meta = { pagination: { page: 1, last_page: 1, total_entries: 1 } };

  it.each(REFUSED)('OPNsense hetzner: an update answered %i is not followed by a create', async (status) => {
    const respond = ({ method, url }: HttpRequest): HttpAnswer => {
      if (method !== 'GET') return answer(status, { error: { code: 'x', message: 'no' } });
      return answer(200, { ...(url.pathname.endsWith('/zones') ? zones : sets), meta });
    };
    const { asked, run } = trial(hetzner, { token: 'a-token' }, respond);
    expect(await run(target('home.example.org', '198.51.100.7'))).toMatchObject([{ kind: 'failed' }]);
    const sent = asked
      .filter(({ method }) => method !== 'GET')
      .map(({ method, url }) => `${method} ${url.pathname}`);
    expect(sent).toEqual(['POST /v1/zones/1/rrsets/home/A/actions/set_records']);
  });
});

describe('Cloudflare', () => {
  const page = (result: readonly object[]) =>
    answer(200, {
      success: true,
      result,
      result_info: { page: 1, total_pages: 1, total_count: result.length },
    });
  const respond = ({ method, url }: HttpRequest): HttpAnswer => {
    if (method !== 'GET') return answer(200, { success: true, result: { id: 'r1' } });
    return page(url.pathname.endsWith('/zones') ? [{ id: 'z', name: 'example.org', status: 'active' }] : []);
  };

  it('ddns-updater cloudflare: a create is one request, and nothing follows it', async () => {
    const { asked, run } = trial(cloudflare, { token: 'a-token' }, respond);
    expect(await run(target('home.example.org', '198.51.100.7'))).toMatchObject([{ kind: 'updated' }]);
    expect(asked.at(-1)?.method).toBe('POST');
    expect(asked.filter(({ method }) => method !== 'GET')).toHaveLength(1);
  });

  it('ddns-go: one refused name does not keep the others from being written', async () => {
    const written: string[] = [];
    const refusing = (request: HttpRequest): HttpAnswer => {
      if (request.method === 'GET') return respond(request);
      const body = JSON.parse(request.body ?? '{}') as { posts?: { name: string }[]; name?: string };
      const names = body.posts?.map(({ name }) => name) ?? [body.name ?? ''];
      if (names.includes('b.example.org'))
        return answer(400, { success: false, errors: [{ code: 81_053, message: 'a CNAME stands there' }] });
      written.push(...names);
      return answer(200, { success: true, result: { id: 'r1' } });
    };
    const { run } = trial(cloudflare, { token: 'a-token' }, refusing);
    const labels = ['a', 'b', 'c', 'd'];
    const results = await run(...labels.map((label) => target(`${label}.example.org`, '198.51.100.7')));
    const failed = results.filter(({ kind }) => kind === 'failed').map(({ key }) => key.name);
    expect(failed).toEqual(['b.example.org']);
    expect(written.sort()).toEqual(['a.example.org', 'c.example.org', 'd.example.org']);
  });
});

/** A reconciler around a sink, with its memory. */
function lane(sink: Sink, http: HttpClient = never) {
  let now = 0;
  const clock = { monotonic: () => now, wall: () => now, boot: () => now };
  const memory = new SinkState(
    'f',
    clock,
    (text) => text,
    async () => {},
  );
  const init = { sink, memory, batch: 10, timeout: 1_000, minimumGap: 0, clock, http };
  return async (verify: boolean, ...targets: readonly ReturnType<typeof target>[]) => {
    now += 3_600_000;
    const { signal } = new AbortController();
    const outcomes = await reconcile(init, { targets, log: silentLog, signal, verify });
    return outcomes.map(({ kind }) => kind);
  };
}

function never(): never {
  throw new Error('never');
}

it('ddns-go name_com: what a service has taken is remembered as done, and not sent again', async () => {
  let requests = 0;
  const http = () => {
    requests += 1;
    return Promise.resolve({ status: 200, headers: {}, body: `good ${V4}` });
  };
  const provider = rowNamed('he');
  const options = provider.options.parse(mappingFor(provider));
  const wanted = target('h.example.org', V4);
  const round = lane(provider.create({ name: 's', options, keys: [wanted.key] }, alone()), http);
  expect(await round(false, wanted)).toEqual(['updated']);
  expect(await round(false, wanted)).toEqual(['unchanged']);
  expect(await round(true, wanted)).toEqual(['unchanged']);
  expect(requests).toBe(1);
});

it('ddns-go dynadot: what the service has deleted in an update is found by the next check, and mended', async () => {
  const held = new Map<string, ActualRecord>();
  const text = ({ name, type }: RecordKey) => `${name}/${type}`;
  let destroys = true;
  const round = lane({
    read: async (keys) => keys.flatMap((key) => held.get(text(key)) ?? []),
    write: async (changes) =>
      changes.map(({ target: { key, addresses } }) => {
        // An update of AAAA takes everything else of the name with it.
        if (destroys && key.type === 'AAAA') held.clear();
        held.set(text(key), { key, content: addresses[0] ?? '' });
        return { key, kind: 'updated' };
      }),
  });
  const both = [target('h.example.org', '198.51.100.7'), target('h.example.org', '2001:db8::7')];
  expect(await round(false, ...both)).toEqual(['updated', 'updated']);
  expect([...held.keys()]).toEqual(['h.example.org/AAAA']);
  destroys = false;
  expect((await round(true, ...both)).sort()).toEqual(['unchanged', 'updated']);
  expect([...held.keys()].sort()).toEqual(['h.example.org/A', 'h.example.org/AAAA']);
});

it('a write that failed is not remembered as done, and made again without a change of address', async () => {
  let works = false;
  let writes = 0;
  const round = lane({
    write: async (changes) => {
      writes += 1;
      const failure = { class: 'transient', scope: 'sink', message: 'no' } as const;
      return changes.map(({ target: { key } }) =>
        works ? { key, kind: 'updated' } : { key, kind: 'failed', failure },
      );
    },
  });
  const wanted = target('h.example.org', '198.51.100.7');
  expect(await round(false, wanted)).toEqual(['failed']);
  expect(await round(false, wanted)).toEqual(['failed']);
  works = true;
  expect(await round(false, wanted)).toEqual(['updated']);
  expect(await round(false, wanted)).toEqual(['unchanged']);
  expect(writes).toBe(3);
});

it('OPNsense address.py: what is cut off a name is its zone, and no character more', () => {
  const label = fc.stringMatching(/^[a-z0-9]{1,6}$/);
  const labels = fc.array(label, { minLength: 1, maxLength: 3 });
  fc.assert(
    // Few letters, so that the name is often made of those of its zone.
    fc.property(
      labels,
      fc.array(fc.constantFrom('web', 'dns', 'd', 'org', 'example'), { minLength: 2 }),
      (own, zone) => {
        const [relative, origin] = [own.join('.'), fqdn(zone.join('.'))];
        const name = `${relative}.${origin}` as Fqdn;
        expect(relativeTo(origin, name)).toBe(relative);
        expect(relativeName(name, origin)).toBe(relative);
        expect(absoluteIn(origin, relative)).toBe(name);
      },
    ),
  );
  expect(relativeTo(fqdn('web.org'), 'webweb.web.org')).toBe('webweb');
  expect(relativeTo(fqdn('dns.example.org'), 'snd.dns.example.org')).toBe('snd');
});
