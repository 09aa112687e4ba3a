import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Fqdn, fqdn } from '../../src/model/name.ts';
import { createHttpPool, type HttpPool } from '../../src/net/http-client.ts';
import { aliyun } from '../../src/sinks/aliyun.ts';
import { cloudflare } from '../../src/sinks/cloudflare.ts';
import { desec } from '../../src/sinks/desec.ts';
import { digitalocean } from '../../src/sinks/digitalocean.ts';
import { hetzner } from '../../src/sinks/hetzner.ts';
import { plan } from '../../src/sinks/plan.ts';
import type { DefinedProvider } from '../../src/sinks/rest/provider.ts';
import { absoluteIn, type RestKey, unquoted } from '../../src/sinks/rest/records.ts';
import { route53 } from '../../src/sinks/route53/index.ts';
import { scaleway } from '../../src/sinks/scaleway.ts';
import type { SeenRequest } from '../fakes/http-server.ts';
import { callOf, components, key, target, textChange } from '../sinks/rest/support.ts';
import { DIALECTS, type Dialect, type Value } from './dialect.ts';
import { aliyunDialect, desecDialect, route53Dialect, scalewayDialect } from './dialects-signed.ts';
import { describeRecorded } from './recorded.ts';
import { type Recording, recording, scenariosOf } from './recording.ts';
import { type Replay, replay } from './replay.ts';
import { acs3, alibabaRpc, sigV4 } from './signed.ts';

const ZONE = fqdn('example.org');
const TOKEN = 'secret-token-1234';

interface Subject {
  readonly dialect: Dialect;
  // biome-ignore lint/suspicious/noExplicitAny: the providers' options differ
  readonly provider: DefinedProvider<any>;
  /** Given where the recording asks for the zone by its name. */
  readonly zone?: string;
  /** The zone of a scenario; example.org if not given. */
  readonly zoneOf?: (scenario: string) => string;
  readonly options: object;
  /** Whether a request carries these credentials as the service wants them. */
  readonly proof: (request: SeenRequest) => boolean;
  readonly mended?: (recording: Recording, scenario: string) => Recording;
}

const bearer = {
  options: { token: TOKEN },
  proof: ({ headers }: SeenRequest) => headers.authorization === `Bearer ${TOKEN}`,
};

/** The recording client took `orig.testfull` for `orig.test`, which the fuzzy search had found too, and changed that. */
function rightRecord(tape: Recording, scenario: string): Recording {
  if (scenario !== 'update-by-id') return tape;
  const exchanges = tape.exchanges.map((exchange) => {
    const url = exchange.request.url.replace('17526707257021440', '17526443068756992');
    return { ...exchange, request: { ...exchange.request, url } };
  });
  return { ...tape, exchanges };
}

const SUBJECTS: readonly Subject[] = [
  { dialect: DIALECTS.cloudflare, provider: cloudflare, ...bearer },
  { dialect: DIALECTS.digitalocean, provider: digitalocean, zone: 'example.org', ...bearer },
  { dialect: DIALECTS.hetzner, provider: hetzner, zone: 'example.org', ...bearer },
  {
    dialect: route53Dialect,
    provider: route53,
    options: { access_key_id: 'AKIDEXAMPLE', secret_access_key: TOKEN },
    proof: (request) =>
      request.headers['x-amz-date']?.slice(0, 11) === '20260101T00' &&
      sigV4(request, { id: 'AKIDEXAMPLE', secret: TOKEN }),
  },
  {
    dialect: aliyunDialect,
    provider: aliyun,
    zone: 'example.org',
    options: { access_key_id: 'testid', access_key_secret: TOKEN, signature: 'acs3' },
    proof: (request) => acs3(request, { id: 'testid', secret: TOKEN }),
    mended: rightRecord,
  },
  {
    dialect: aliyunDialect,
    provider: aliyun,
    zone: 'example.org',
    options: { access_key_id: 'testid', access_key_secret: TOKEN, signature: 'v1' },
    proof: (request) => alibabaRpc(request, { id: 'testid', secret: TOKEN }),
    mended: rightRecord,
  },
  {
    dialect: desecDialect,
    provider: desec,
    zone: 'desec.lexicon',
    zoneOf: () => 'desec.lexicon',
    options: { token: TOKEN },
    proof: ({ headers }) => headers.authorization === `Token ${TOKEN}`,
  },
  {
    dialect: scalewayDialect,
    provider: scaleway,
    zoneOf: (scenario) => `test-basic${scenario.includes('txt') ? '2' : ''}.scaleway-terraform.com`,
    options: { secret_key: TOKEN },
    proof: ({ headers }) => headers['x-auth-token'] === TOKEN,
  },
];

let pool: HttpPool;
let running: Replay | undefined;
beforeEach(() => {
  pool = createHttpPool({ userAgent: 'netdrift-test/1.0' });
});
afterEach(async () => {
  await pool.close();
  await running?.server.close();
  running = undefined;
});

async function start({ dialect, provider, zone, options: own, proof, mended }: Subject, scenario: string) {
  const tape = recording(dialect.provider, scenario);
  running = await replay(dialect, mended?.(tape, scenario) ?? tape, proof);
  const options = provider.options.parse({
    ...own,
    endpoint: running.endpoint.href,
    ...(zone && { zone }),
  });
  return { played: running, init: { name: 'test', options, keys: [] } };
}

let zone: Fqdn = ZONE;
const keyOf = ({ name, type }: Value): RestKey => ({
  name: (name.endsWith(zone) ? name : absoluteIn(zone, name)) as Fqdn,
  type,
});
const same = (a: RestKey, b: RestKey): boolean => a.name === b.name && a.type === b.type;
const text = ({ name, type }: RestKey, content: string): string =>
  `${name}/${type} ${unquoted(type, content)}`;
const texts = (values: readonly Value[]) => values.map((value) => text(keyOf(value), value.content)).sort();

/** The keys an effect is about, without doubles. */
function touched(effects: readonly string[]): readonly RestKey[] {
  const names = new Set(effects.map((effect) => effect.slice(1, effect.indexOf(' '))));
  return [...names].map((name) => {
    const [relative = '', type = ''] = name.split('/');
    return keyOf({ name: relative, type, content: '', ttl: 0 });
  });
}

for (const subject of SUBJECTS) {
  const { dialect, provider } = subject;
  const scenarios = scenariosOf(dialect.provider).filter((scenario) => !scenario.endsWith('unknown-domain'));

  describeRecorded(`${dialect.provider}, recorded`, () => {
    test.each(scenarios)('%s: the records end as recorded, and nothing else is touched', async (scenario) => {
      zone = fqdn(subject.zoneOf?.(scenario) ?? ZONE);
      const { played, init } = await start(subject, scenario);
      const session = provider.session(init, components());
      const call = callOf(pool.client);
      for (const step of played.steps) {
        const keys = touched(step.effects);
        const found = await session.read(keys, call);
        const changes = keys.map((key) => {
          const goal = step.after.filter((value) => same(keyOf(value), key));
          return textChange(
            key,
            goal.map((value) => unquoted(key.type, value.content)),
            found,
            3_600,
          );
        });
        const results = await session.write(changes, call);
        // A slow action is `pending`: accepted, and found by the next look.
        const ends = results.map(({ end }) => (end.kind === 'pending' ? { kind: 'updated' } : end));
        expect(ends).toEqual(changes.map(() => ({ kind: 'updated' })));
      }
      expect(played.faults).toEqual([]);
      expect(played.missing).toEqual([]);
      expect(played.writes.length).toBeLessThanOrEqual(played.steps.length + renames(played));

      // What stands there now is what a read tells, and bringing it about once more writes nothing.
      const standing = played.values();
      const keys = standing
        .map(keyOf)
        .filter((key, at, all) => all.findIndex((one) => same(one, key)) === at);
      if (keys.length === 0) return;
      const read = await session.read(keys, call);
      expect(read.map(({ key, content }) => text(key, content)).sort()).toEqual(texts(standing));
      const writes = played.writes.length;
      const again = keys.map((key) => {
        const values = standing.filter((value) => same(keyOf(value), key));
        return textChange(
          key,
          values.map((value) => unquoted(key.type, value.content)),
          read,
          3_600,
        );
      });
      const ends = await session.write(again, call);
      expect(ends.every(({ end }) => end.kind === 'unchanged')).toBe(true);
      expect(played.writes).toHaveLength(writes);
    });

    test.runIf(scenarios.includes('create-a'))(
      'create-a, as the lane does it: read, plan, write, and then nothing to do',
      async () => {
        const { played, init } = await start(subject, 'create-a');
        const sink = provider.create(init, components());
        const call = callOf(pool.client);
        const name = `localhost.${subject.zoneOf?.('create-a') ?? ZONE}`;
        const targets = [{ ...target(name, '93.184.216.34'), ttl: 3_600 }];
        const keys = [key(name)];
        const changes = plan(targets, (await sink.read?.(keys, call)) ?? []);
        const results = changes.length === 0 ? [] : await sink.write(changes, call);
        expect(results.every(({ kind }) => kind === 'updated' || kind === 'pending')).toBe(true);
        expect(plan(targets, (await sink.read?.(keys, call)) ?? [])).toEqual([]);
        expect([played.faults, played.missing]).toEqual([[], []]);
        expect(played.writes).toHaveLength(played.steps.length);
      },
    );

    test('every request proves the credentials, and none shows them in its address', async () => {
      const scenario = scenarios.find((one) => one.startsWith('list-all')) ?? scenarios[0] ?? '';
      const { played, init } = await start(subject, scenario);
      const name = `www.${subject.zoneOf?.(scenario) ?? ZONE}`;
      await provider.session(init, components()).read([key(name)], callOf(pool.client));
      const { requests } = played.server;
      expect(requests.length).toBeGreaterThan(0);
      expect(played.faults).toEqual([]);
      expect(requests.some(({ target }) => target.includes(TOKEN))).toBe(false);
    });

    test('other credentials prove nothing', async () => {
      const [scenario = ''] = scenarios;
      const { init } = await start(subject, scenario);
      const others = JSON.parse(JSON.stringify(subject.options).replaceAll(TOKEN, 'another-token')) as object;
      const options = provider.options.parse({
        ...others,
        endpoint: running?.endpoint.href,
        zone: subject.zone,
      });
      const session = provider.session({ ...init, options }, components());
      const name = `www.${subject.zoneOf?.(scenario) ?? ZONE}`;
      await expect(session.read([key(name)], callOf(pool.client))).rejects.toThrow();
      expect(running?.faults).toEqual([expect.stringContaining('not the right credentials')]);
    });
  });
}

/** A recorded rename is a delete and a create for us: one write more. */
const renames = ({ steps }: Replay): number =>
  steps.filter(({ effects }) => touched(effects).length > 1).length;

describeRecorded('a zone the account does not have', () => {
  const unknown = 'host.thisisadomainidonotown.com';

  test('cloudflare: it is not in the list', async () => {
    const subject = SUBJECTS[0] as Subject;
    const { played, init } = await start(subject, 'authenticate-unknown-domain');
    const reading = cloudflare.create(init, components()).read?.([key(unknown)], callOf(pool.client));
    await expect(reading).rejects.toMatchObject({ failure: { class: 'not_found', scope: 'record' } });
    expect(played.faults).toEqual([]);
  });

  test('digitalocean: 404', async () => {
    const subject = { ...SUBJECTS[1], zone: 'thisisadomainidonotown.com' } as Subject;
    const { played, init } = await start(subject, 'authenticate-unknown-domain');
    const reading = digitalocean.create(init, components()).read?.([key(unknown)], callOf(pool.client));
    await expect(reading).rejects.toMatchObject({ failure: { class: 'not_found', scope: 'record' } });
    expect(played.faults).toEqual([]);
  });
});

describeRecorded('a zone the account does not have, at the signed ones', () => {
  const unknown = 'thisisadomainidonotown.com';

  test.each([
    ['route53', undefined],
    ['aliyun', unknown],
    ['desec', unknown],
  ])('%s', async (name, zone) => {
    const found = SUBJECTS.find(({ dialect }) => dialect.provider === name) as Subject;
    const { zone: _, ...subject } = found;
    const { played, init } = await start(
      { ...subject, ...(zone === undefined ? {} : { zone }) },
      'authenticate-unknown-domain',
    );
    const reading = subject.provider
      .create(init, components())
      .read?.([key(`host.${unknown}`)], callOf(pool.client));
    await expect(reading).rejects.toMatchObject({ failure: { class: 'not_found', scope: 'record' } });
    expect(played.faults).toEqual([]);
  });

  test('route53, where private zones are asked for and there are none', async () => {
    const subject = SUBJECTS.find(({ dialect }) => dialect.provider === 'route53') as Subject;
    const options = { ...subject.options, private_zone: true };
    const { played, init } = await start({ ...subject, options }, 'authenticate-private-zone-only');
    const reading = route53.create(init, components()).read?.([key('www.example.org')], callOf(pool.client));
    await expect(reading).rejects.toMatchObject({ failure: { class: 'not_found' } });
    expect(played.faults).toEqual([]);
  });
});

describeRecorded('the replay itself', () => {
  test('refuses what was not recorded', async () => {
    const { played, init } = await start(SUBJECTS[0] as Subject, 'create-a');
    const sink = cloudflare.create(init, components());
    const changes = plan([target('other.example.org', '93.184.216.35')], []);
    await sink.write(changes, callOf(pool.client));
    expect(played.faults).toHaveLength(1);
    expect(played.faults[0]).toMatch(/^not recorded: \+other\.example\.org\/A 93\.184\.216\.35/);
  });

  test('refuses the same write twice', async () => {
    const { played, init } = await start(SUBJECTS[0] as Subject, 'create-a');
    const sink = cloudflare.create(init, components());
    const changes = plan([{ ...target('localhost.example.org', '93.184.216.34'), ttl: 3_600 }], []);
    await sink.write(changes, callOf(pool.client));
    expect(played.faults).toEqual([]);
    await sink.write(changes, callOf(pool.client));
    expect(played.faults).toHaveLength(1);
  });
});
