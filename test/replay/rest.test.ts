import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Fqdn, fqdn } from '../../src/model/name.ts';
import { createHttpPool, type HttpPool } from '../../src/net/http-client.ts';
import { cloudflare } from '../../src/sinks/cloudflare.ts';
import { digitalocean } from '../../src/sinks/digitalocean.ts';
import { hetzner } from '../../src/sinks/hetzner.ts';
import { plan } from '../../src/sinks/plan.ts';
import type { DefinedProvider } from '../../src/sinks/rest/provider.ts';
import { absoluteIn, type RestKey, unquoted } from '../../src/sinks/rest/records.ts';
import { callOf, components, key, target, textChange } from '../sinks/rest/support.ts';
import { DIALECTS, type Dialect, type Value } from './dialect.ts';
import { haveContracts, recording, scenariosOf } from './recording.ts';
import { type Replay, replay } from './replay.ts';

const ZONE = fqdn('example.org');
const TOKEN = 'secret-token-1234';

interface Subject {
  readonly dialect: Dialect;
  // biome-ignore lint/suspicious/noExplicitAny: the three providers' options differ
  readonly provider: DefinedProvider<any>;
  /** Given where the recording asks for the zone by its name. */
  readonly zone?: string;
}

const SUBJECTS: readonly Subject[] = [
  { dialect: DIALECTS.cloudflare, provider: cloudflare },
  { dialect: DIALECTS.digitalocean, provider: digitalocean, zone: 'example.org' },
  { dialect: DIALECTS.hetzner, provider: hetzner, zone: 'example.org' },
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

async function start({ dialect, provider, zone }: Subject, scenario: string) {
  running = await replay(dialect, recording(dialect.provider, scenario));
  const options = provider.options.parse({
    token: TOKEN,
    endpoint: running.endpoint.href,
    ...(zone && { zone }),
  });
  return { played: running, init: { name: 'test', options, keys: [] } };
}

const keyOf = ({ name, type }: Value): RestKey => ({
  name: (name.endsWith(ZONE) ? name : absoluteIn(ZONE, name)) as Fqdn,
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

  describe.skipIf(!haveContracts)(`${dialect.provider}, recorded`, () => {
    test.each(scenarios)('%s: the records end as recorded, and nothing else is touched', async (scenario) => {
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

    test('create-a, as the lane does it: read, plan, write, and then nothing to do', async () => {
      const { played, init } = await start(subject, 'create-a');
      const sink = provider.create(init, components());
      const call = callOf(pool.client);
      const targets = [{ ...target('localhost.example.org', '93.184.216.34'), ttl: 3_600 }];
      const keys = [key('localhost.example.org')];
      const changes = plan(targets, (await sink.read?.(keys, call)) ?? []);
      const results = changes.length === 0 ? [] : await sink.write(changes, call);
      expect(results.every(({ kind }) => kind === 'updated' || kind === 'pending')).toBe(true);
      expect(plan(targets, (await sink.read?.(keys, call)) ?? [])).toEqual([]);
      expect([played.faults, played.missing]).toEqual([[], []]);
      expect(played.writes).toHaveLength(played.steps.length);
    });

    test('the token goes in the header of every request and nowhere else', async () => {
      const { played, init } = await start(subject, 'list-all');
      await provider.session(init, components()).read([key('www.example.org')], callOf(pool.client));
      const { requests } = played.server;
      expect(requests.length).toBeGreaterThan(0);
      expect(requests.map(({ headers }) => headers['authorization'])).toEqual(
        requests.map(() => `Bearer ${TOKEN}`),
      );
      expect(requests.some(({ target }) => target.includes(TOKEN))).toBe(false);
    });
  });
}

/** A recorded rename is a delete and a create for us: one write more. */
const renames = ({ steps }: Replay): number =>
  steps.filter(({ effects }) => touched(effects).length > 1).length;

describe.skipIf(!haveContracts)('a zone the account does not have', () => {
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

describe.skipIf(!haveContracts)('the replay itself', () => {
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
