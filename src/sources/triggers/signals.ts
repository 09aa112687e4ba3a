import { fromEventPattern, map } from 'rxjs';
import type { TriggerSource } from '../contract.ts';
import type { SignalEmitter } from './contract.ts';

/** SIGUSR1: the operator wants a look now. Where the system has no such signal (Windows) it never comes. */
export function operatorSignal(signals: SignalEmitter): TriggerSource {
  return fromEventPattern<void>(
    (handler) => signals.on('SIGUSR1', handler),
    (handler) => signals.off('SIGUSR1', handler),
  ).pipe(map(() => ({ reason: 'operator', source: 'signal', mode: 'inject', detail: 'SIGUSR1' }) as const));
}
