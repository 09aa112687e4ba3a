import { describe, expect, test } from 'vitest';
import { cloudflareTongue, Zones } from '../../bench/support/zones-server.ts';
import { address } from '../../src/model/address.ts';
import { fqdn } from '../../src/model/name.ts';
import type { HttpClient } from '../../src/net/http.ts';
import { cloudflare } from '../../src/sinks/cloudflare.ts';
import { reconcile } from '../../src/sinks/reconcile.ts';
import { SinkState } from '../../src/state/sink-memory.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import { components, fakeTime } from '../sinks/rest/support.ts';

const ADDRESS = '198.51.100.7';
/** https://developers.cloudflare.com/fundamentals/api/reference/limits/ */
const LIMIT = { requests: 1_200, per: 300_000 };

/** The services of the bench, on a clock that goes on only when somebody waits. */
async function run(zoneCount: number, records: number) {
  const zones = new Zones(zoneCount, records);
  const time = fakeTime();
  const left: number[] = [];
  const http: HttpClient = async ({ method, url, body = '' }) => {
    left.push(time.clock.monotonic());
    const answer = cloudflareTongue({ method, url, body }, zones);
    return { status: 200, headers: { 'content-type': answer.type }, body: answer.body };
  };
  const options = cloudflare.options.parse({ token: 'a-token' });
  const sink = cloudflare.create({ name: 'bench', options, keys: [] }, components(time));
  const memory = new SinkState(
    'f',
    time.clock,
    (text) => text,
    async () => {},
  );
  const init = {
    sink,
    memory,
    batch: cloudflare.traits.batch,
    timeout: 60_000,
    minimumGap: 0,
    clock: time.clock,
    http,
  };
  const targets = zones.records.map(({ name }) => ({
    key: { name: fqdn(name), type: 'A' as const },
    addresses: [address(ADDRESS)],
  }));
  let rounds = 0;
  for (let wait: number | undefined = 0; wait !== undefined && rounds < 20; rounds += 1) {
    time.pass(wait);
    const { signal } = new AbortController();
    const outcomes = await reconcile(init, { targets, log: silentLog, signal });
    const waits = outcomes.flatMap((one) => (one.kind === 'failed' ? [one.failure.retryAfter ?? 1_000] : []));
    wait = waits.length === 0 ? undefined : Math.min(...waits);
  }
  const most = Math.max(
    ...left.map((at, index) => left.slice(index).filter((one) => one < at + LIMIT.per).length),
  );
  return { wrong: wrongIn(zones), requests: left.length, most, elapsed: time.clock.monotonic(), rounds };
}

const wrongIn = (zones: Zones): number => zones.records.filter(({ content }) => content !== ADDRESS).length;

describe('records of many zones at Cloudflare', () => {
  test('fewer requests than the limit: all at once, in batches', async () => {
    const { wrong, requests, elapsed } = await run(3, 60);
    expect(wrong).toBe(0);
    // Each zone is read once and written once, after the list of zones.
    expect(requests).toBe(7);
    expect(elapsed).toBe(0);
  });

  test('more requests than the limit: it is kept, and all records are right in the end', async () => {
    const { wrong, requests, most, elapsed, rounds } = await run(800, 800);
    expect(wrong).toBe(0);
    expect(requests).toBeGreaterThan(LIMIT.requests);
    expect(most).toBeLessThanOrEqual(LIMIT.requests);
    expect(elapsed).toBeGreaterThan(LIMIT.per);
    // What was read is not read again while the writes wait.
    expect(requests).toBeLessThan(2 * 800 + 100);
    expect(rounds).toBeLessThan(6);
  });
});
