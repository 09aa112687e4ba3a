import type { IpAddress } from '../../model/address.ts';
import type { Protocol } from './memory.ts';

/** What came of asking over one protocol. */
export type ProtocolAnswer =
  | { readonly kind: 'address'; readonly address: IpAddress }
  /** It speaks the protocol and has no address to tell. */
  | { readonly kind: 'without'; readonly why: string }
  /** Nobody speaks the protocol there. */
  | { readonly kind: 'silent'; readonly why: string }
  /** This host could not ask; says nothing of the gateway. */
  | { readonly kind: 'failed'; readonly why: string };

export type OutsideAnswer =
  | { readonly kind: 'address'; readonly address: IpAddress; readonly protocol: Protocol }
  | { readonly kind: 'none'; readonly why: string };

export interface Way {
  readonly protocol: Protocol;
  readonly ask: (signal: AbortSignal) => Promise<ProtocolAnswer>;
}

/**
 * Asks one way after the other, the next when the one before has failed or kept silent for `stagger` milliseconds; the first
 * address ends the others. Rejects only with the signal's reason.
 */
export function firstAddress(
  ways: readonly Way[],
  stagger: number,
  signal: AbortSignal,
): Promise<OutsideAnswer> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const controller = new AbortController();
    const whys: string[] = [];
    let started = 0;
    let ended = 0;
    let timer: NodeJS.Timeout | undefined;
    const finish = (act: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      controller.abort();
      act();
    };
    const abort = () => finish(() => reject(signal.reason));
    const startNext = () => {
      clearTimeout(timer);
      const way = ways[started];
      if (way === undefined || controller.signal.aborted) return;
      started += 1;
      timer = setTimeout(startNext, stagger);
      way.ask(controller.signal).then(
        (answer) => {
          if (controller.signal.aborted) return;
          if (answer.kind === 'address') {
            const { address } = answer;
            return finish(() => resolve({ kind: 'address', address, protocol: way.protocol }));
          }
          ended += 1;
          whys.push(`${way.protocol}: ${answer.why}`);
          if (ended === ways.length) finish(() => resolve({ kind: 'none', why: whys.join('; ') }));
          else if (ended === started) startNext();
        },
        (error: unknown) => {
          // What is aborted here has lost already; anything else is a fault of the program and must show.
          if (!controller.signal.aborted) finish(() => reject(error));
        },
      );
    };
    signal.addEventListener('abort', abort, { once: true });
    startNext();
  });
}
