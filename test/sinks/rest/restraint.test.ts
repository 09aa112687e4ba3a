import { describe, expect, test } from 'vitest';
import type { HttpAnswer } from '../../../src/net/http.ts';
import { plan } from '../../../src/sinks/plan.ts';
import type { RestApi } from '../../../src/sinks/rest/api.ts';
import type { Limit } from '../../../src/sinks/rest/gate.ts';
import { callOf, components, fakeTime, target } from './support.ts';
import { answer, ToyService, toy } from './toy.ts';

const NAMES = ['a', 'b', 'c', 'd'];
const wanted = NAMES.map((name) => target(`${name}.example.org`, '198.51.100.7'));

function at(api: Partial<RestApi>, shape: 'records' | 'batch' = 'batch', limits: readonly Limit[] = []) {
  const service = new ToyService({
    'example.org': [{ name: 'a.example.org', type: 'A', content: '192.0.2.1' }],
  });
  const provider = toy({ api, shape, limits });
  const time = fakeTime();
  const options = provider.options.parse({ token: 'token-token' });
  const sink = provider.create({ name: 'toy', options, keys: [] }, components(time));
  const call = callOf(service.http);
  const run = async () => {
    const keys = wanted.map((one) => one.key);
    return sink.write(plan(wanted, (await sink.read?.(keys, call)) ?? []), call);
  };
  return { service, run, time };
}

describe('a guard', () => {
  test('keeps one change back with its words, made harmless, and lets the others go', async () => {
    const guard: RestApi['guard'] = ({ key }) =>
      key.name === 'b.example.org' ? 'it is an alias\nof token-token' : undefined;
    const { service, run } = at({ guard });
    const results = await run();
    expect(results.filter(({ kind }) => kind === 'updated')).toHaveLength(3);
    expect(results.find(({ kind }) => kind === 'failed')).toMatchObject({
      key: { name: 'b.example.org' },
      failure: { class: 'refused', scope: 'record', message: 'Toy: it is an alias of [secret]' },
    });
    expect(service.contents('example.org').some((one) => one.startsWith('b.'))).toBe(false);
  });

  test('that keeps all back: nothing is sent', async () => {
    const { service, run } = at({ guard: () => 'no' });
    expect((await run()).every(({ kind }) => kind === 'failed')).toBe(true);
    expect(service.writes).toEqual([]);
  });
});

describe('a batch refused as a whole', () => {
  const busy = answer(400, { error: 'busy', message: 'busy' });
  const refusal = (whole: boolean): Partial<RestApi> => ({
    refusal: ({ status }) =>
      status === 400 ? { code: 'busy', message: 'busy', verdict: 'conflict', whole } : undefined,
  });
  test.each([
    [true, 1],
    [false, 7],
  ])('whole: %s takes %i requests', async (whole, requests) => {
    const { service, run } = at(refusal(whole));
    service.instead = ({ method }) => (method === 'POST' ? busy : undefined);
    const results = await run();
    expect(results.map((one) => one.kind === 'failed' && one.failure.class)).toEqual(
      NAMES.map(() => 'conflict'),
    );
    expect(service.writes).toHaveLength(requests);
  });
});

describe('refused credentials while the clock is wrong', () => {
  const refused = (date: string): HttpAnswer =>
    answer(403, { error: 'key', message: 'bad signature' }, { date });
  const [right, wrong] = ['Thu, 01 Jan 2026 00:03:00 GMT', 'Thu, 01 Jan 2026 00:05:00 GMT'];
  test.each([
    ['signed with the time, and the clocks agree', true, right, 'credentials'],
    ['signed with the time, and they do not', true, wrong, 'transient'],
    ['signed with the time, and the service has no clock', true, '', 'credentials'],
    ['not signed with the time', false, wrong, 'credentials'],
  ])('%s', async (_, timed, date, expected) => {
    const { service, run } = at(timed ? { timed: true } : {});
    service.instead = () => refused(date);
    await expect(run()).rejects.toMatchObject({ failure: { class: expected } });
  });
});

test('a limit on some requests counts those alone, each group for itself', async () => {
  const of: Limit['of'] = ({ method, url }) =>
    method === 'GET' ? undefined : url.pathname.replace(/\/records.*$/, '');
  const { service, run, time } = at({}, 'records', [{ requests: 2, per: 1_000, of }]);
  const results = await run();
  expect(results.map(({ kind }) => kind)).toEqual(NAMES.map(() => 'updated'));
  expect(service.writes).toHaveLength(4);
  // Two leave at once, the third after a second and the one that is added to every stretch.
  expect(time.slept).toEqual([2_000]);
});
