import type { createSocket } from 'node:dgram';
import type { IpAddress } from '../../model/address.ts';
import { isFrom } from '../pcp/exchange.ts';
import { decodeSsdp, encodeSearch, isAboutGateways, SEARCH_TARGETS, SSDP_GROUP } from './ssdp.ts';

export interface SearchQuestion {
  readonly gateway: IpAddress;
  readonly port: number;
  readonly localAddress: IpAddress;
  readonly signal: AbortSignal;
  /** Told of every answer from anybody but the gateway. */
  readonly onStranger: (sender: string) => void;
}

/** Milliseconds to wait for the gateway asked alone, then for it asked through the group (its MX is 1 s). */
export interface SearchPatience {
  readonly unicast: number;
  readonly multicast: number;
}

export const SEARCH_PATIENCE: SearchPatience = { unicast: 700, multicast: 1_500 };

/** What the gateway answered, as it wrote it. */
export interface Place {
  readonly location: string;
  /** BOOTID.UPNP.ORG, which older devices leave out. */
  readonly boot: string | undefined;
}

/**
 * Asks the gateway alone where its description is (4 datagrams to it), and only if it keeps silent everybody (4 datagrams to the
 * group): many routers listen to the group only. Answers of others are none. At the first answer the search is over.
 * Resolves with the place as the gateway wrote it, or `undefined`; rejects only with the signal's reason.
 */
export function searchGateway(
  question: SearchQuestion,
  host: { readonly createSocket: typeof createSocket; readonly patience: SearchPatience },
): Promise<Place | undefined> {
  const { gateway, port, localAddress, signal } = question;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = host.createSocket('udp4');
    let timer: NodeJS.Timeout | undefined;
    let settled = false;
    const finish = (act: () => void) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      socket.close();
      act();
    };
    const abort = () => finish(() => reject(signal.reason));
    const done = (place: Place | undefined) => finish(() => resolve(place));
    // A datagram that cannot be sent is one that was lost: the wait decides.
    const send = (to: string) => {
      for (const target of SEARCH_TARGETS) socket.send(encodeSearch(target, to, port), port, to, () => {});
    };

    signal.addEventListener('abort', abort, { once: true });
    socket.on('error', () => done(undefined));
    socket.on('message', (datagram, sender) => {
      const message = decodeSsdp(datagram);
      if (message?.kind !== 'found' || !isAboutGateways(message.target)) return;
      // Not by port: some routers answer from another one than 1900.
      if (isFrom(sender, gateway)) done({ location: message.location, boot: message.boot });
      else question.onStranger(sender.address);
    });
    socket.bind({ address: localAddress, port: 0, exclusive: true }, () => {
      if (settled) return;
      send(gateway);
      timer = setTimeout(() => {
        try {
          socket.setMulticastInterface(localAddress);
          // The group of one's own link: UDA 2.0 section 1.3.2 wants a TTL of 2, one hop is all that is needed here.
          socket.setMulticastTTL(1);
        } catch {
          return done(undefined);
        }
        send(SSDP_GROUP);
        timer = setTimeout(() => done(undefined), host.patience.multicast);
      }, host.patience.unicast);
    });
  });
}
