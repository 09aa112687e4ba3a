import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { VirtualTimeScheduler } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { createServiceManager, type ServiceManager } from '../../src/daemon/service-manager.ts';
import type { Spawn } from '../../src/model/spawn.ts';

const PATH = '.:relative/bin:/usr/local/bin:/usr/bin';
const SOCKET = '/run/systemd/notify';
const STATUS_READY = 'STATUS=1 uplink(s)';

/** How a child of the test ends: with a status, by an error at its start, or not at all. */
type Ending = number | Error | 'hangs' | 'throws';

interface Call {
  readonly program: string;
  readonly messages: readonly string[];
  readonly options: unknown;
  readonly child: EventEmitter & { killed?: string };
}

function setUp(given: Record<string, string> = {}, ending: Ending = 0) {
  const environment: Record<string, string | undefined> = { PATH, NOTIFY_SOCKET: SOCKET, ...given };
  const scheduler = new VirtualTimeScheduler();
  const calls: Call[] = [];
  const complaints: string[] = [];
  const ends = { how: ending };
  const spawn = ((program: string, messages: readonly string[], options: unknown) => {
    if (ends.how === 'throws') throw new Error('EAGAIN');
    const child: Call['child'] = new EventEmitter();
    Object.assign(child, { kill: (signal: string) => Object.assign(child, { killed: signal }) });
    calls.push({ program, messages, options, child });
    const { how } = ends;
    if (how !== 'hangs') {
      queueMicrotask(() => {
        if (how instanceof Error) child.emit('error', how);
        else child.emit('exit', how, null);
      });
    }
    return child as unknown as ChildProcess;
  }) as unknown as Spawn;
  const service: ServiceManager = createServiceManager({
    environment,
    pid: 4711,
    spawn,
    scheduler,
    monotonicMicroseconds: () => 123_456_789n,
    isExecutable: (file) => file.endsWith('/usr/bin/systemd-notify') || file.startsWith('.'),
    complain: (words) => complaints.push(words),
  });
  /** Turns the virtual clock to this many milliseconds from the beginning, letting children end in between. */
  const until = async (end: number): Promise<void> => {
    for (;;) {
      await setImmediate();
      const next = scheduler.actions.find((action) => !action.closed);
      const due = Math.min(...scheduler.actions.filter((action) => !action.closed).map(({ delay }) => delay));
      if (next === undefined || due > end) return;
      scheduler.maxFrames = due;
      scheduler.flush();
    }
  };
  const sent = (): readonly string[] => calls.map(({ messages }) => messages.join(' '));
  return { service, environment, scheduler, calls, complaints, ends, until, sent };
}

describe('without a service manager', () => {
  test.each([[undefined], ['']])(
    '(NOTIFY_SOCKET is %j) nothing is started, and a reload is done all the same',
    async (socket) => {
      const scheduler = new VirtualTimeScheduler();
      const silent = createServiceManager({
        environment: { PATH, NOTIFY_SOCKET: socket, WATCHDOG_USEC: '1000000' },
        pid: 1,
        spawn: (() => expect.unreachable()) as unknown as Spawn,
        scheduler,
        monotonicMicroseconds: () => expect.unreachable(),
        isExecutable: () => expect.unreachable(),
        complain: () => expect.unreachable(),
      });
      await silent.ready('ready');
      expect(await silent.reloading(async () => 7, String)).toBe(7);
      await silent.stopping();
      expect(scheduler.actions).toEqual([]);
    },
  );
});

describe('a message', () => {
  test('is sent by systemd-notify, found in an absolute folder of the PATH, with the socket as its whole environment', async () => {
    const { service, calls } = setUp();
    await service.ready('1 uplink(s)');
    expect(calls.map(({ program, messages, options }) => ({ program, messages, options }))).toEqual([
      {
        program: '/usr/bin/systemd-notify',
        messages: ['READY=1', STATUS_READY],
        options: { stdio: 'ignore', env: { NOTIFY_SOCKET: SOCKET } },
      },
    ]);
  });

  test('takes the variables out of the environment, so that no other child has them', () => {
    const { environment } = setUp({ WATCHDOG_USEC: '1000000', WATCHDOG_PID: '4711' });
    expect(environment).toEqual({ PATH });
  });

  test('keeps its status to one short line', async () => {
    const { service, sent } = setUp();
    await service.ready(`one\nREADY=0\u0007${'x'.repeat(500)}`);
    expect(sent()[0]).toMatch(/^READY=1 STATUS=one READY=0 x{100,120}$/);
    expect(sent()[0]?.length).toBe('READY=1 STATUS='.length + 120);
  });

  test('that comes later waits for the one before', async () => {
    const { service, calls, ends, sent } = setUp({}, 'hangs');
    const ready = service.ready('1 uplink(s)');
    const stopping = service.stopping();
    await setImmediate();
    expect(sent()).toEqual([`READY=1 ${STATUS_READY}`]);
    ends.how = 0;
    calls[0]?.child.emit('exit', 0, null);
    await Promise.all([ready, stopping]);
    expect(sent()[1]).toMatch(/^STOPPING=1 STATUS=/);
  });

  test('that hangs is killed after 2 s, and the next one goes out', async () => {
    const { service, calls, complaints, ends, until, sent } = setUp({}, 'hangs');
    const ready = service.ready('1 uplink(s)');
    await until(1_999);
    expect(calls[0]?.child.killed).toBeUndefined();
    await until(2_000);
    await ready;
    expect(calls[0]?.child.killed).toBe('SIGKILL');
    expect(complaints).toEqual([expect.stringContaining('did not end within 2000 ms')]);
    ends.how = 0;
    await service.stopping();
    expect(sent()).toHaveLength(2);
  });

  test.each<[Ending, string]>([
    [1, 'ended with status 1'],
    [new Error('ENOENT'), 'could not be started: ENOENT'],
    ['throws', 'could not be started: Error: EAGAIN'],
  ])('that fails (%s) is complained of once, and disturbs nothing', async (how, words) => {
    const { service, complaints } = setUp({}, how);
    await service.ready('ready');
    expect(await service.reloading(async () => 'done', String)).toBe('done');
    await service.stopping();
    expect(complaints).toEqual([expect.stringContaining(words)]);
  });

  test('cannot be sent without the program, and that is said once', async () => {
    const { complaints, environment } = setUp();
    expect(complaints).toEqual([]);
    const without = createServiceManager({
      environment: { ...environment, NOTIFY_SOCKET: SOCKET },
      pid: 1,
      spawn: (() => expect.unreachable()) as unknown as Spawn,
      scheduler: new VirtualTimeScheduler(),
      monotonicMicroseconds: () => 0n,
      isExecutable: () => false,
      complain: (words) => complaints.push(words),
    });
    await without.ready('ready');
    await without.stopping();
    expect(complaints).toEqual([expect.stringContaining('systemd-notify is not on the PATH')]);
  });
});

describe('a reload', () => {
  test('is bracketed, with the stamp of the monotonic clock, and shows how it went', async () => {
    const { service, sent } = setUp();
    let during: readonly string[] = [];
    const answer = await service.reloading(
      async () => {
        await setImmediate();
        during = sent();
        return { accepted: true };
      },
      ({ accepted }) => `accepted: ${accepted}`,
    );
    expect(answer).toEqual({ accepted: true });
    expect(during).toEqual(['RELOADING=1 MONOTONIC_USEC=123456789']);
    await setImmediate();
    expect(sent()).toEqual(['RELOADING=1 MONOTONIC_USEC=123456789', 'READY=1 STATUS=accepted: true']);
  });

  test('that throws is over, too, and throws on', async () => {
    const { service, sent } = setUp();
    const broken = service.reloading(async () => {
      throw new Error('no');
    }, String);
    await expect(broken).rejects.toThrow('no');
    await setImmediate();
    expect(sent().at(-1)).toMatch(/^READY=1 STATUS=.*old one/);
  });

  test('does not wait for a systemd-notify that hangs', async () => {
    const { service } = setUp({}, 'hangs');
    expect(await service.reloading(async () => 'done', String)).toBe('done');
  });
});

describe('the watchdog', () => {
  const feeds = (sent: readonly string[]): number => sent.filter((words) => words === 'WATCHDOG=1').length;

  test('is fed at half of its time, from ready to stopping', async () => {
    const { service, sent, until } = setUp({ WATCHDOG_USEC: '10000000', WATCHDOG_PID: '4711' });
    await until(60_000);
    expect(sent()).toEqual([]);
    const start = service.ready('ready');
    await until(0);
    await start;
    await until(4_999);
    expect(feeds(sent())).toBe(0);
    await until(5_000);
    expect(feeds(sent())).toBe(1);
    await until(30_000);
    expect(feeds(sent())).toBe(6);
    await service.stopping();
    await until(60_000);
    expect(feeds(sent())).toBe(6);
  });

  test('gets no queue of signs of life behind one that hangs', async () => {
    const { service, sent, until, ends } = setUp({ WATCHDOG_USEC: '1000000' });
    await service.ready('ready');
    ends.how = 'hangs';
    // Sent at 500 ms and given up at 2,500; ticks every 500 ms meanwhile.
    await until(2_999);
    expect(feeds(sent())).toBe(1);
    await until(3_000);
    expect(feeds(sent())).toBe(2);
  });

  test.each([
    [{}],
    [{ WATCHDOG_USEC: '0' }],
    [{ WATCHDOG_USEC: 'soon' }],
    [{ WATCHDOG_USEC: '10000000', WATCHDOG_PID: '1' }],
  ])('of nobody, or of another process, is left alone: %j', async (given) => {
    const { service, sent, until } = setUp(given);
    await service.ready('ready');
    await until(600_000);
    expect(feeds(sent())).toBe(0);
  });

  test('of a month does not overflow the timer', async () => {
    const { service, sent, until } = setUp({ WATCHDOG_USEC: '9000000000000000' });
    await service.ready('ready');
    await until(86_400_000);
    expect(feeds(sent())).toBe(0);
  });
});
