import { type Peer, peerText } from '../../net/dns/exchange.ts';

/**
 * In which order the addresses of a server are tried: as given, but those that did not answer come last, the one that has been left alone
 * longest before the others. So an address behind which nothing is costs one wait, and an update, which is sent to one address
 * only, does not go to the same deaf one for ever.
 */
export class PeerOrder {
  /** The turn at which each was last found silent; those that answered since are not in it. */
  readonly #silent = new Map<string, number>();
  #turn = 0;

  sorted(peers: readonly Peer[]): readonly Peer[] {
    const silence = (peer: Peer): number => this.#silent.get(peerText(peer)) ?? 0;
    return peers.toSorted((a, b) => silence(a) - silence(b));
  }

  answered(peer: Peer): void {
    this.#silent.delete(peerText(peer));
  }

  silent(peer: Peer): void {
    this.#turn += 1;
    this.#silent.set(peerText(peer), this.#turn);
  }
}
