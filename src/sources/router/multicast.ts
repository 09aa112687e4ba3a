import type { RemoteInfo } from 'node:dgram';
import { Observable } from 'rxjs';
import type { Gateway } from './gateway.ts';
import type { RouterNetwork } from './network.ts';

export interface Heard {
  readonly datagram: Uint8Array;
  readonly sender: RemoteInfo;
}

/**
 * Hears what is sent to a group on the gateway's interface, and only there. The port is shared: other programs of the host may listen as
 * well. Subscribing opens the socket, unsubscribing closes it; errors if it cannot listen. Whoever sends is still to be checked.
 */
export function listenToGroup(
  gateway: Gateway,
  { group, port }: { readonly group: string; readonly port: number },
  network: RouterNetwork,
  onListening: () => void,
): Observable<Heard> {
  return new Observable((subscriber) => {
    const ipv6 = gateway.family === 'ipv6';
    const socket = network.createSocket({ type: ipv6 ? 'udp6' : 'udp4', reuseAddr: true, ipv6Only: ipv6 });
    let closed = false;
    const close = () => {
      if (closed) return;
      closed = true;
      socket.close();
    };
    const fail = (error: unknown) => {
      close();
      subscriber.error(error);
    };
    // Stays on after the end: an error of a closing socket without a listener would end the process.
    socket.on('error', fail);
    socket.on('message', (datagram, sender) => subscriber.next({ datagram, sender }));
    socket.bind(port, () => {
      if (closed) return;
      try {
        if (ipv6) socket.addMembership(group, `::%${gateway.interface}`);
        else socket.addMembership(group, gateway.localAddress);
      } catch (error) {
        return fail(error);
      }
      onListening();
    });
    return close;
  });
}
