import { EMPTY, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { Loaded } from '../../src/config/load.ts';
import type { Session } from '../../src/daemon/session.ts';
import { type SessionsInit, startSessions } from '../../src/daemon/sessions.ts';
import type { Settings } from '../../src/model/settings.ts';
import { settingsOf } from '../config/fakes.ts';
import { keptLog } from './fixture.ts';

const settings = (level: string): Settings =>
  settingsOf(
    `log: { level: ${level} }\nsinks: { local: { provider: embedded, listen: '127.0.0.1:5300', zone: example.org, records: [home.example.org] } }`,
  );

/** Sessions that are made and ended as the test says; each is named after the log level of its configuration. */
async function bench() {
  const done: string[] = [];
  const scheduler = new VirtualTimeScheduler();
  const { log, lines } = keptLog();
  const failing = new Set<string>();
  const held: Array<() => void> = [];
  const control = { holdLoad: false, holdStop: false };
  let tell: ((error: unknown) => void) | undefined;
  const waiting = (): Promise<void> => new Promise((resolve) => held.push(resolve));

  const start: SessionsInit['start'] = async (configuration, broken) => {
    const { level } = configuration.settings.log;
    done.push(`start ${level}`);
    if (failing.has(level)) throw new Error(`${level} cannot start`);
    let stopped: Promise<void> | undefined;
    const session: Session = {
      reports: EMPTY,
      memories: new Map(),
      stop: (grace) => {
        if (stopped === undefined) {
          done.push(`stop ${level} ${grace}`);
          stopped = control.holdStop ? waiting() : Promise.resolve();
        }
        return stopped;
      },
    };
    tell = (error) => broken(error, session);
    return session;
  };
  const sessions = await startSessions({
    configuration: { settings: settings('info'), providers: [] },
    file: 'config.yaml',
    load: async (): Promise<Loaded> => {
      done.push('load');
      if (control.holdLoad) await waiting();
      return { ok: true, settings: settings('debug'), providers: [], warnings: [] };
    },
    start,
    use: (used) => done.push(`use ${used.log.level}`),
    log,
    scheduler,
  });
  done.length = 0;
  const release = (): void => {
    for (const resolve of held.splice(0)) resolve();
  };
  return {
    sessions,
    done,
    lines,
    failing,
    control,
    release,
    scheduler,
    breakDown: (error: unknown) => tell?.(error),
    settle: () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve))),
  };
}

describe('a reload', () => {
  it('ends the old session, then starts the new one', async () => {
    const { sessions, done } = await bench();
    expect(await sessions.reload()).toEqual({ accepted: true, problems: [] });
    expect(done).toEqual(['load', 'stop info 2000', 'use debug', 'start debug']);
    expect(sessions.configuration().settings.log.level).toBe('debug');
  });

  it('is one for all who ask while it waits for its turn', async () => {
    const { sessions, done, control, release, settle } = await bench();
    control.holdLoad = true;
    const all = [sessions.reload()];
    await settle();
    all.push(sessions.reload(), sessions.reload(), sessions.reload());
    control.holdLoad = false;
    release();
    expect((await Promise.all(all)).every(({ accepted }) => accepted)).toBe(true);
    expect(done.filter((what) => what === 'load')).toHaveLength(2);
  });

  it('that cannot start leaves the old configuration in force, for the log as well', async () => {
    const { sessions, done, failing } = await bench();
    failing.add('debug');
    expect(await sessions.reload()).toEqual({ accepted: false, problems: ['debug cannot start'] });
    expect(done).toEqual(['load', 'stop info 2000', 'use debug', 'start debug', 'use info', 'start info']);
    expect(sessions.configuration().settings.log.level).toBe('info');
  });

  it('after which neither configuration can start is followed by tries to start the old one', async () => {
    const { sessions, done, lines, failing, scheduler, settle } = await bench();
    const before = sessions.current();
    failing.add('debug').add('info');
    expect(await sessions.reload()).toMatchObject({ accepted: false });
    expect(lines.at(-1)).toMatchObject({ level: 'error', event: 'session_failed' });
    done.length = 0;
    scheduler.flush();
    await settle();
    expect(done).toEqual(['start info']);
    failing.clear();
    scheduler.flush();
    await settle();
    expect(done).toEqual(['start info', 'start info']);
    expect(sessions.current()).not.toBe(before);
    // There is one now: nothing more is tried.
    scheduler.flush();
    await settle();
    expect(done).toHaveLength(2);
  });
});

describe('a session that a defect has ended', () => {
  it('is replaced', async () => {
    const { sessions, done, lines, scheduler, breakDown, settle } = await bench();
    const before = sessions.current();
    breakDown(new Error('oh'));
    expect(lines.at(-1)).toMatchObject({ event: 'defect', message: expect.stringContaining('oh') });
    scheduler.flush();
    await settle();
    expect(done).toEqual(['stop info 0', 'start info']);
    expect(sessions.current()).not.toBe(before);
  });

  it('is let be if another one is there by then, or the end has come', async () => {
    const replaced = await bench();
    replaced.breakDown(new Error('oh'));
    await replaced.sessions.reload();
    replaced.done.length = 0;
    replaced.scheduler.flush();
    await replaced.settle();
    expect(replaced.done).toEqual([]);

    const ended = await bench();
    ended.breakDown(new Error('oh'));
    await ended.sessions.stop(3_000);
    ended.scheduler.flush();
    await ended.settle();
    expect(ended.done).toEqual(['stop info 3000']);
  });
});

describe('the end', () => {
  it('is not delayed by reloads that are asked for, and starts nothing more', async () => {
    const { sessions, done, lines, control, release, settle } = await bench();
    control.holdStop = true;
    const reloads = [sessions.reload()];
    await settle();
    reloads.push(sessions.reload(), sessions.reload());
    const stopped = sessions.stop(3_000);
    reloads.push(sessions.reload());
    release();
    await stopped;
    for (const report of await Promise.all(reloads))
      expect(report).toEqual({ accepted: false, problems: ['netdrift is stopping'] });
    expect(done).toEqual(['load', 'stop info 2000']);
    expect(lines).toEqual([]);
  });

  it('stops the session at once, although a file that is being read hangs', async () => {
    const { sessions, done, control, release, settle } = await bench();
    control.holdLoad = true;
    const reload = sessions.reload();
    await settle();
    const stopped = sessions.stop(3_000);
    expect(done).toEqual(['load', 'stop info 3000']);
    release();
    await stopped;
    expect(await reload).toMatchObject({ accepted: false });
    expect(done).toEqual(['load', 'stop info 3000']);
  });
});
