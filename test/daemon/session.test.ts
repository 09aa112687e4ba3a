import { firstValueFrom, NEVER, Subject } from 'rxjs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { createNarrator } from '../../src/daemon/narrator.ts';
import { createPools } from '../../src/daemon/pools.ts';
import { type Session, type SessionInit, startSession } from '../../src/daemon/session.ts';
import { NetdriftError } from '../../src/errors.ts';
import type { Trigger } from '../../src/model/trigger.ts';
import {
  type Call,
  type Change,
  type Provider,
  type Sink,
  SinkError,
  type WriteResult,
} from '../../src/sinks/contract.ts';
import { detectorKinds } from '../../src/sources/addresses/registry.ts';
import { openState, type StateStore } from '../../src/state/store.ts';
import type { SinkReport } from '../../src/streams/fan-out.ts';
import { settingsOf } from '../config/fakes.ts';
import { temporaryFolder } from '../state/fixture.ts';
import { offline } from '../streams/support.ts';
import { handClock, type KeptLine, keptLog, testHost } from './fixture.ts';

interface Write {
  readonly changes: readonly Change[];
  readonly call: Call;
  finish(): void;
}

/** A provider whose writes end when the test says so, or when they are aborted. */
function fakeProvider(name: string, more: Partial<Sink> = {}) {
  const writes: Write[] = [];
  const sink: Sink = {
    write: (changes, call) =>
      new Promise<readonly WriteResult[]>((resolve, reject) => {
        call.signal.addEventListener('abort', () => reject(call.signal.reason));
        const finish = (): void =>
          resolve(changes.map(({ target }) => ({ key: target.key, kind: 'updated' })));
        writes.push({ changes, call, finish });
      }),
    start: vi.fn(async () => {}),
    stop: vi.fn(async () => {}),
    ...more,
  };
  const provider: Provider = {
    name,
    title: name,
    documentation: 'https://example.org',
    credentials: 'None.',
    options: z.strictObject({}),
    traits: { batch: 100, multiple: true, creates: true, families: 'separate' },
    example: `provider: ${name}`,
    create: () => sink,
  };
  return { provider, sink, writes };
}

const UPLINK =
  'uplinks: { wan: { ipv4: [{ detector: static, address: 203.0.113.7 }], allow: [documentation] } }';
const SINK = 'allow: [documentation], records: [home.example.org]';

let folder: ReturnType<typeof temporaryFolder>;
let state: StateStore;
let lines: readonly KeptLine[];
let init: Omit<SessionInit, 'providers'>;
let session: Session | undefined;

beforeEach(async () => {
  folder = temporaryFolder();
  const kept = keptLog();
  lines = kept.lines;
  const { log } = kept;
  const host = testHost(handClock());
  state = await openState(folder.folder, { clock: host.clock, log });
  init = {
    host,
    log,
    state,
    narrator: createNarrator(log, host.clock),
    detectors: detectorKinds,
    snapshot: async () => offline,
    triggers: NEVER,
    pools: createPools({ userAgent: 'netdrift/test' }),
  };
  session = undefined;
});
afterEach(async () => {
  await session?.stop(0);
  await init.pools.close();
  await state.close();
  folder.remove();
});

const settings = (text: string, providers: readonly Provider[]) =>
  settingsOf(`${UPLINK}\n${text}\n`, { providers, detectors: detectorKinds });

async function startWriting(fake: ReturnType<typeof fakeProvider>): Promise<Session> {
  session = await startSession(settings(`sinks: { a: { provider: fake, ${SINK} } }`, [fake.provider]), {
    ...init,
    providers: [fake.provider],
  });
  await vi.waitFor(() => expect(fake.writes).toHaveLength(1));
  return session;
}

describe('the end of a session', () => {
  test('what is being written may finish within the grace; it is remembered; then the sink is closed', async () => {
    const fake = fakeProvider('fake');
    const running = await startWriting(fake);
    const stopped = running.stop(60_000);
    expect(fake.sink.stop).not.toHaveBeenCalled();
    expect(fake.writes[0]?.call.signal.aborted).toBe(false);
    fake.writes[0]?.finish();
    await stopped;
    expect(fake.sink.stop).toHaveBeenCalledTimes(1);
    const [target] = fake.writes[0]?.changes ?? [];
    expect(target && running.memories.get('a')?.confirmed(target.target.key)).toEqual(['203.0.113.7']);
  });

  test('what is still being written at the end of the grace is aborted, and not taken for done', async () => {
    const fake = fakeProvider('fake');
    const running = await startWriting(fake);
    await running.stop(0);
    expect(fake.writes[0]?.call.signal.aborted).toBe(true);
    expect(fake.sink.stop).toHaveBeenCalledTimes(1);
    const [target] = fake.writes[0]?.changes ?? [];
    expect(target && running.memories.get('a')?.confirmed(target.target.key)).toBeUndefined();
    expect(lines.map(({ event }) => event)).not.toContain('record_updated');
  });

  test('what finished within the grace is reported', async () => {
    const fake = fakeProvider('fake');
    const running = await startWriting(fake);
    const stopped = running.stop(60_000);
    fake.writes[0]?.finish();
    await stopped;
    expect(lines.map(({ event }) => event)).toContain('record_updated');
  });

  test('asked twice it ends once', async () => {
    const fake = fakeProvider('fake');
    const running = await startWriting(fake);
    fake.writes[0]?.finish();
    await Promise.all([running.stop(1_000), running.stop(0)]);
    expect(fake.sink.stop).toHaveBeenCalledTimes(1);
  });

  test('a sink that cannot be closed does not hold up the others', async () => {
    const bad = fakeProvider('bad', { stop: () => Promise.reject(new Error('stuck')) });
    const good = fakeProvider('good');
    const providers = [bad.provider, good.provider];
    const text = `sinks: { a: { provider: bad, ${SINK} }, b: { provider: good, ${SINK} } }`;
    const running = await startSession(settings(text, providers), { ...init, providers });
    await running.stop(0);
    expect(good.sink.stop).toHaveBeenCalledTimes(1);
  });
});

describe('a long sleep', () => {
  test('ends what hung across it, and drops every connection, although the network looks the same', async () => {
    const fake = fakeProvider('fake');
    const triggers = new Subject<Trigger>();
    const renew = vi.spyOn(init.pools, 'renew');
    // Looks are told apart by their trace ids.
    let count = 0;
    const randomBytes = (length: number) => new Uint8Array(length).fill(++count);
    init = { ...init, triggers, host: { ...init.host, randomBytes } };
    session = await startSession(settings(`sinks: { a: { provider: fake, ${SINK} } }`, [fake.provider]), {
      ...init,
      providers: [fake.provider],
    });
    triggers.next({ reason: 'start', source: 'test', mode: 'inject' });
    await vi.waitFor(() => expect(fake.writes).toHaveLength(1));
    const hung = fake.writes[0]?.call.signal;
    triggers.next({ reason: 'timer', source: 'test', mode: 'inject' });
    await vi.waitFor(() => expect(lines.some(({ message }) => message.includes('timer'))).toBe(true), {
      timeout: 5_000,
    });
    expect(hung?.aborted).toBe(false);
    expect(renew).not.toHaveBeenCalled();
    triggers.next({ reason: 'wake', source: 'clock', mode: 'inject' });
    await vi.waitFor(() => expect(hung?.aborted).toBe(true), { timeout: 5_000 });
    expect(renew).toHaveBeenCalledTimes(1);
  });
});

describe('the start of a session', () => {
  test('a sink that cannot start ends it all: the ones before it are closed, and the code says which', async () => {
    const first = fakeProvider('first');
    const second = fakeProvider('second', { start: () => Promise.reject(new Error('EADDRINUSE')) });
    const providers = [first.provider, second.provider];
    const text = `sinks: { a: { provider: first, ${SINK} }, b: { provider: second, ${SINK} } }`;
    const failure = await startSession(settings(text, providers), { ...init, providers }).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(NetdriftError);
    expect(failure).toMatchObject({
      code: 'NETDRIFT_SINK_START',
      exit: 78,
      message: 'sink b could not start: EADDRINUSE',
    });
    expect(first.sink.stop).toHaveBeenCalledTimes(1);
    expect(first.writes).toEqual([]);
  });

  test('a sink that cannot start yet fails like one that nobody reaches, and starts once it can; the others go on', async () => {
    const free = [false];
    const late = fakeProvider('late', {
      start: vi.fn(async () => {
        const failure = { class: 'unreachable', scope: 'sink', message: 'no such address yet' } as const;
        if (!free[0]) throw new SinkError(failure);
      }),
    });
    const good = fakeProvider('good');
    const providers = [late.provider, good.provider];
    const text = `sinks: { a: { provider: late, ${SINK} }, b: { provider: good, ${SINK} } }`;
    const triggers = new Subject<Trigger>();
    session = await startSession(settings(text, providers), { ...init, providers, triggers });
    const reports: SinkReport[] = [];
    session.reports.subscribe((report) => reports.push(report));
    await vi.waitFor(() => expect(reports.some(({ sink }) => sink.name === 'a')).toBe(true));
    const first = reports.find(({ sink }) => sink.name === 'a');
    expect(first?.outcomes).toMatchObject([{ kind: 'failed', failure: { message: 'no such address yet' } }]);
    expect(first?.retryIn).toBeGreaterThan(0);
    expect(late.writes).toEqual([]);
    expect(good.writes).toHaveLength(1);
    free[0] = true;
    triggers.next({ reason: 'operator', source: 'test', mode: 'inject' });
    await vi.waitFor(() => expect(late.writes).toHaveLength(1));
  });

  test('a single run starts no servers', async () => {
    const fake = fakeProvider('fake');
    const providers = [fake.provider];
    session = await startSession(settings(`sinks: { a: { provider: fake, ${SINK} } }`, providers), {
      ...init,
      providers,
      single: true,
    });
    expect(fake.sink.start).not.toHaveBeenCalled();
  });

  test('reports are there also for whoever subscribes after the first of them', async () => {
    const fake = fakeProvider('fake');
    const running = await startWriting(fake);
    fake.writes[0]?.finish();
    await vi.waitFor(() => expect(lines.map(({ event }) => event)).toContain('record_updated'));
    const report = await firstValueFrom(running.reports);
    expect(report.outcomes).toMatchObject([{ kind: 'updated', addresses: ['203.0.113.7'] }]);
  });

  test('a hung sink delays no other', async () => {
    const hung = fakeProvider('hung');
    const quick = fakeProvider('quick', {
      write: async (changes) => changes.map(({ target }) => ({ key: target.key, kind: 'updated' })),
    });
    const providers = [hung.provider, quick.provider];
    const text = `sinks: { a: { provider: hung, ${SINK} }, b: { provider: quick, ${SINK} } }`;
    session = await startSession(settings(text, providers), { ...init, providers });
    const report = await firstValueFrom(session.reports);
    expect(report.sink.name).toBe('b');
    expect(hung.writes).toHaveLength(1);
  });
});
