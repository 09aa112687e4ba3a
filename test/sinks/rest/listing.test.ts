import { expect, test } from 'vitest';
import { plan } from '../../../src/sinks/plan.ts';
import { jsonCodec } from '../../../src/sinks/rest/codec.ts';
import { callOf, components, target } from './support.ts';
import { answer, ToyService, type ToyShape, toy } from './toy.ts';

const names = ['a', 'b', 'c', 'd', 'e'].map((name) => `${name}.example.org`);
const records = names.map((name) => ({ name, type: 'A', content: '192.0.2.1' }));

function start(shape: ToyShape, more: object = {}) {
  const service = new ToyService({ 'example.org': records });
  const provider = toy(shape);
  const options = provider.options.parse({ token: 'token-token', zone: 'example.org', ...more });
  const sink = provider.create({ name: 'toy', options, keys: [] }, components());
  const call = callOf(service.http);
  const read = (...targets: ReturnType<typeof target>[]) =>
    sink.read?.(
      targets.map(({ key }) => key),
      call,
    ) ?? Promise.resolve([]);
  return {
    service,
    read,
    run: async (...targets: ReturnType<typeof target>[]) => {
      const changes = plan(targets, await read(...targets));
      return changes.length === 0 ? [] : sink.write(changes, call);
    },
    lists: () => service.asked.filter((one) => one.includes('/records')),
  };
}

test.each([
  ['zone', 1, [undefined, undefined, undefined]],
  ['zone', 5, [undefined, undefined, undefined]],
  ['name', 5, names],
  [undefined, 3, names.slice(0, 3)],
  [undefined, 4, [undefined, undefined, undefined]],
] as const)('lists: %s, %i names', async (lists, count, expected) => {
  const { read, lists: asked } = start({ api: lists === undefined ? {} : { lists } });
  const found = await read(...names.slice(0, count).map((name) => target(name, '192.0.2.1')));
  expect(found).toHaveLength(count);
  const filters = asked().map((one) => /name=([^&]+)/.exec(one)?.[1]);
  expect(filters.sort()).toEqual([...expected].sort());
});

test('a list of one name is told which types are wanted', async () => {
  const wanted: unknown[] = [];
  const { read } = start({
    api: {
      records: async (_ask, _zone, name, types) => {
        wanted.push([name, types]);
        return [];
      },
    },
  });
  await read(
    target('a.example.org', '192.0.2.1'),
    target('a.example.org', '2001:db8::1'),
    target('b.example.org', '192.0.2.1'),
  );
  expect(wanted).toEqual([
    ['a.example.org', ['A', 'AAAA']],
    ['b.example.org', ['A']],
  ]);
});

test('create: false sends nothing for a record that is missing, and changes the others', async () => {
  const { service, run } = start({ shape: 'batch' }, { create: false });
  const results = await run(
    target('new.example.org', '192.0.2.7'),
    target('a.example.org', '192.0.2.7', '192.0.2.8'),
  );
  expect(results.map((one) => [one.key.name, one.kind])).toEqual([
    ['new.example.org', 'failed'],
    ['a.example.org', 'updated'],
  ]);
  expect(service.writes).toHaveLength(1);
  // A set that is there may grow: what is forbidden is to make a name known that was not.
  expect(service.contents('example.org')).toContain('a.example.org/A 192.0.2.8');
});

test('an empty body counts as an answer only with the statuses that are documented to have none', async () => {
  const empty = { status: 200, headers: {}, body: '' };
  const strict = start({});
  strict.service.instead = ({ method }) => (method === 'PATCH' ? empty : undefined);
  expect(await strict.run(target('a.example.org', '192.0.2.7'))).toMatchObject([
    { kind: 'failed', failure: { class: 'transient', unclear: true } },
  ]);
  // Even then the schema of the request has to want nothing.
  const lenient = start({ api: { codec: { ...jsonCodec, empty: [200] } } });
  lenient.service.instead = ({ method }) => (method === 'PATCH' ? empty : undefined);
  expect(await lenient.run(target('a.example.org', '192.0.2.7'))).toMatchObject([
    { kind: 'failed', failure: { class: 'transient', unclear: true } },
  ]);
});

test('a wait named in the body is kept, one in the header goes before', async () => {
  const refusal = () => ({ code: 'slow', message: 'Slow down.', retryAfter: 9_000 });
  const limited = (headers: Record<string, string>) => {
    const begun = start({ api: { refusal: ({ status }) => (status === 429 ? refusal() : undefined) } });
    begun.service.instead = ({ method }) =>
      method === 'PATCH' ? answer(429, { error: 'slow' }, headers) : undefined;
    return begun.run(target('a.example.org', '192.0.2.7'));
  };
  expect(await limited({})).toMatchObject([{ failure: { class: 'rate_limited', retryAfter: 9_000 } }]);
  expect(await limited({ 'retry-after': '77' })).toMatchObject([{ failure: { retryAfter: 77_000 } }]);
});
