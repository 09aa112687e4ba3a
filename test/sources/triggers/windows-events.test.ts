import { describe, expect, it } from 'vitest';
import { seconds } from '../../../src/model/duration.ts';
import type { Koffi, KoffiFunction } from '../../../src/sources/triggers/koffi.ts';
import { windowsEvents } from '../../../src/sources/triggers/windows-events.ts';
import { bench, settle } from './support.ts';

const init = { every: seconds(300), jitter: 0, poll: seconds(10) };

/** An IP helper library whose callbacks the test calls; cancelling on this thread would hang, so the fake throws. */
function fakeKoffi(refuse?: string) {
  const callbacks = new Map<number, () => void>();
  const cancelled: unknown[] = [];
  const returning: (() => void)[] = [];
  const opened: string[] = [];
  let next = 0;
  const koffi: Koffi = {
    load: (library) => {
      expect(library).toBe('iphlpapi.dll');
      return {
        func: (_convention, name): KoffiFunction => {
          const call = (...values: readonly unknown[]): unknown => {
            if (name === 'CancelMibChangeNotify2') throw new Error('deadlock');
            if (name === refuse) return 5;
            opened.push(name);
            (values[4] as unknown[])[0] = `handle of ${name}`;
            return 0;
          };
          return Object.assign(call, {
            async: (handle: unknown, done: () => void) => {
              cancelled.push(handle);
              returning.push(done);
            },
          }) as KoffiFunction;
        },
      };
    },
    proto: () => 'proto',
    pointer: () => 'pointer',
    out: () => 'out',
    register: (callback) => {
      next += 1;
      callbacks.set(next, callback);
      return next;
    },
    unregister: (callback) => callbacks.delete(callback as number),
  };
  return { koffi, callbacks, cancelled, opened, returning };
}

async function start(refuse?: string) {
  const fake = fakeKoffi(refuse);
  const all = bench({ platform: 'win32', loadKoffi: () => Promise.resolve(fake.koffi) });
  const subscription = windowsEvents(all.components, init).subscribe((trigger) => all.seen.push(trigger));
  await settle();
  return { ...all, fake, subscription };
}

describe('windows events', () => {
  it('registers for addresses, routes and interfaces, asks for a look, and rings for each callback', async () => {
    const { fake, told, seen } = await start();
    expect(fake.opened).toEqual([
      'NotifyUnicastIpAddressChange',
      'NotifyRouteChange2',
      'NotifyIpInterfaceChange',
    ]);
    expect(told()).toEqual(['interface_event ip-helper poll']);
    for (const callback of fake.callbacks.values()) callback();
    expect(seen.map((trigger) => trigger.detail)).toEqual(['address', 'route', 'interface']);
  });

  it('cancels on another thread only, and lets go of a callback only after its cancellation returned', async () => {
    const { fake, subscription, told } = await start();
    told();
    subscription.unsubscribe();
    expect(fake.cancelled).toHaveLength(3);
    expect(fake.callbacks.size).toBe(3);
    for (const callback of fake.callbacks.values()) callback();
    expect(told()).toEqual([]);
    for (const done of fake.returning) done();
    expect(fake.callbacks.size).toBe(0);
  });

  it('gives back what it has and polls if one registration is refused', async () => {
    const { fake, time, told } = await start('NotifyIpInterfaceChange');
    expect(fake.cancelled).toEqual([
      'handle of NotifyUnicastIpAddressChange',
      'handle of NotifyRouteChange2',
    ]);
    time.advance(10_000);
    await settle();
    expect(told()).toEqual(['snapshot_poll polling poll']);
  });

  it('polls where koffi is not installed', async () => {
    const all = bench({
      platform: 'win32',
      loadKoffi: () => Promise.reject(new Error('Cannot find package koffi')),
    });
    windowsEvents(all.components, init).subscribe((trigger) => all.seen.push(trigger));
    await settle();
    all.time.advance(10_000);
    await settle();
    expect(all.told()).toEqual(['snapshot_poll polling poll']);
    expect(all.log.lines.filter((line) => line.level === 'warn')).toHaveLength(1);
  });
});

describe('the real koffi', () => {
  it('has the functions used, and lets a callback type of this shape be made', async (context) => {
    const { loadKoffi } = await import('../../../src/sources/triggers/koffi.ts');
    const koffi = await loadKoffi().catch(() => undefined);
    if (koffi === undefined) return context.skip('koffi is not installed here');
    const type = koffi.pointer(koffi.proto('__stdcall', 'void', ['void *', 'void *', 'int']));
    const callback = koffi.register(() => {}, type);
    expect(callback).toBeDefined();
    koffi.unregister(callback);
    expect(koffi.out(koffi.pointer('void *'))).toBeDefined();
  });
});
