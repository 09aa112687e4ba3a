import { afterEach, expect, test } from 'vitest';
import { target } from '../rest/support.ts';
import { kind } from './azure.ts';
import { startService } from './bench.ts';

let service: Awaited<ReturnType<typeof startService>> | undefined;
afterEach(async () => {
  await service?.close();
  service = undefined;
});

const named = (count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => target(`h${at + from}.example.org`, '198.51.100.7'));

test('two hundred requests read at once, one of them for the zones; the next one has to wait for the limit', async () => {
  service = await startService(kind);
  await service.read(named(199));
  expect(service.time.slept).toEqual([]);
  await expect(service.read(named(1, 199))).rejects.toMatchObject({
    failure: { class: 'rate_limited', retryAfter: 11_000 },
  });
});

test('480 reads in five minutes, however spread', async () => {
  service = await startService(kind);
  for (const from of [0, 160, 320]) {
    await service.read(named(from === 320 ? 159 : 160, from));
    service.time.pass(30_000);
  }
  await expect(service.read(named(1, 479))).rejects.toMatchObject({ failure: { class: 'rate_limited' } });
  service.time.pass(300_000);
  expect(await service.read(named(1, 479))).toEqual([]);
});

test('a hundred and eighty sets are written in a minute; reading goes on', async () => {
  service = await startService(kind);
  const results = await service.run(...named(180));
  expect(new Set(results.map((one) => one.kind))).toEqual(new Set(['updated']));
  const more = named(1, 180);
  expect(await service.run(...more)).toMatchObject([{ kind: 'failed', failure: { class: 'rate_limited' } }]);
  expect(await service.read(more)).toEqual([]);
});
