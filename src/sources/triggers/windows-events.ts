import { catchError, defer, from, Observable, switchMap, tap } from 'rxjs';
import type { Trigger } from '../../model/trigger.ts';
import type { TriggerSource } from '../contract.ts';
import type { TriggerComponents, TriggerInit } from './contract.ts';
import { type Koffi, type KoffiFunction, loadKoffi } from './koffi.ts';
import { tidy } from './lines.ts';
import { polling } from './polling.ts';

/** https://learn.microsoft.com/windows/win32/api/netioapi: all three take (family, callback, context, initial notification, handle). */
const NOTIFICATIONS = [
  { name: 'NotifyUnicastIpAddressChange', detail: 'address' },
  { name: 'NotifyRouteChange2', detail: 'route' },
  { name: 'NotifyIpInterfaceChange', detail: 'interface' },
] as const;

const ANY_FAMILY = 0;

/** Hears of changes through the IP helper library; where koffi is not installed or a call is refused, the host is polled. */
export function windowsEvents(components: TriggerComponents, init: TriggerInit): TriggerSource {
  const log = components.log.child({ component: 'triggers', source: 'ip-helper' });
  return defer(() => from((components.loadKoffi ?? loadKoffi)())).pipe(
    switchMap(notifications),
    tap({
      subscribe: () => log.debug('trigger_source_starting', 'asking the IP helper library for notifications'),
    }),
    catchError((error: unknown) => {
      log.warn('trigger_source_lost', `no notifications from Windows: ${tidy(String(error), 200)}`);
      return polling(components, { every: init.poll });
    }),
  );
}

/**
 * Windows calls back on a thread of its own and waits there until JavaScript has run the callback: it only passes a note on. For the same
 * reason a handle is cancelled on another thread (`async`): on this one, cancelling while a callback waits for us never ends.
 */
function notifications(koffi: Koffi): Observable<Trigger> {
  return new Observable((subscriber) => {
    const library = koffi.load('iphlpapi.dll');
    const callbackType = koffi.pointer(koffi.proto('__stdcall', 'void', ['void *', 'void *', 'int']));
    const cancel = library.func('__stdcall', 'CancelMibChangeNotify2', 'uint32', ['void *']);
    const opened: { readonly handle: unknown; readonly callback: unknown }[] = [];
    let closed = false;

    // Set before anything is opened: a refusal half-way must give back what was opened before it.
    subscriber.add(() => {
      closed = true;
      for (const { handle, callback } of opened) release(koffi, cancel, handle, callback);
    });

    for (const { name, detail } of NOTIFICATIONS) {
      const parameters = ['uint16', callbackType, 'void *', 'uint8', koffi.out(koffi.pointer('void *'))];
      const notify = library.func('__stdcall', name, 'uint32', parameters);
      const callback = koffi.register(() => {
        if (!closed)
          subscriber.next({ reason: 'interface_event', source: 'ip-helper', mode: 'poll', detail });
      }, callbackType);
      const handle: unknown[] = [null];
      const status = notify(ANY_FAMILY, callback, null, 0, handle);
      if (status !== 0) {
        koffi.unregister(callback);
        subscriber.error(new Error(`${name} answered ${String(status)}`));
        return;
      }
      opened.push({ handle: handle[0], callback });
    }
    subscriber.next({ reason: 'interface_event', source: 'ip-helper', mode: 'poll', detail: 'listening' });
  });
}

function release(koffi: Koffi, cancel: KoffiFunction, handle: unknown, callback: unknown): void {
  // Only after the cancellation has returned is it certain that Windows calls back no more.
  cancel.async(handle, () => koffi.unregister(callback));
}
