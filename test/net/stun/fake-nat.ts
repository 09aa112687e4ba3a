import type { createSocket, RemoteInfo } from 'node:dgram';
import { EventEmitter } from 'node:events';
import { address } from '../../../src/model/address.ts';
import { type Endpoint, sameEndpoint } from '../../../src/net/stun/behaviour-message.ts';
import { idOf, mappedAddress, message, xorMappedAddress } from './fixtures.ts';

export const at = (text: string, port: number): Endpoint => ({ address: address(text), port });

/** A server with one endpoint, or with all four of two addresses and two ports. */
export interface FakeServer {
  readonly primary: Endpoint;
  readonly other?: Endpoint;
}

export type Dependence = 'endpoint_independent' | 'address_dependent' | 'address_and_port_dependent';

export interface FakeNatInit {
  readonly servers: readonly FakeServer[];
  /** `none`: the world sees the host's own address and port. */
  readonly mapping: Dependence | 'none';
  readonly filtering: Dependence;
  /** Replies that come from elsewhere than they should. */
  readonly spoofed?: boolean;
}

export const HOST = '10.0.0.5';
export const OUTSIDE = '203.0.113.77';

const keyOf = (place: Endpoint, dependence: Dependence): string => {
  switch (dependence) {
    case 'endpoint_independent':
      return '';
    case 'address_dependent':
      return place.address;
    case 'address_and_port_dependent':
      return `${place.address} ${place.port}`;
  }
};

/** Sockets behind a NAT that maps and filters as told (RFC 4787 sections 4.1 and 5), and the STUN servers beyond it. */
export function fakeNat(init: FakeNatInit) {
  const opened: FakeSocket[] = [];
  let nextPort = 40_000;

  class FakeSocket extends EventEmitter {
    readonly port = nextPort++;
    readonly mappings = new Map<string, number>();
    readonly written = new Set<string>();
    readonly sent: Endpoint[] = [];
    closed = false;

    bind(_: unknown, ready: () => void): void {
      queueMicrotask(ready);
    }
    close(): void {
      this.closed = true;
      queueMicrotask(() => this.emit('close'));
    }
    send(datagram: Uint8Array, port: number, text: string, done: (error: Error | null) => void): void {
      if (this.closed) throw new Error('written to a closed socket');
      const to = at(text, port);
      this.sent.push(to);
      done(null);
      this.written.add(keyOf(to, init.filtering));
      queueMicrotask(() => this.#deliver(Buffer.from(datagram), to));
    }

    #outside(to: Endpoint): Endpoint {
      if (init.mapping === 'none') return at(HOST, this.port);
      const key = keyOf(to, init.mapping);
      const port = this.mappings.get(key) ?? nextPort++;
      this.mappings.set(key, port);
      return at(OUTSIDE, port);
    }

    #deliver(request: Buffer, to: Endpoint): void {
      for (const { primary, other } of init.servers) {
        const places =
          other === undefined
            ? [primary]
            : [primary, other, at(primary.address, other.port), at(other.address, primary.port)];
        if (!places.some((place) => sameEndpoint(place, to))) continue;
        const flags = request.length > 20 ? request.readUInt32BE(24) : 0;
        if (flags !== 0 && other === undefined) return;
        const from = at(
          (flags & 4) !== 0 ? (other?.address ?? to.address) : to.address,
          (flags & 2) !== 0 ? (other?.port ?? to.port) : to.port,
        );
        this.#answer(request, to, from, other);
      }
    }

    #answer(request: Buffer, to: Endpoint, from: Endpoint, other: Endpoint | undefined): void {
      const seen = this.#outside(to);
      const id = idOf(request);
      const attributes = [
        xorMappedAddress(seen.address, seen.port, id),
        ...(other === undefined ? [] : [mappedAddress(other.address, other.port, 0x802c)]),
      ];
      const passes = init.mapping === 'none' || this.written.has(keyOf(from, init.filtering));
      const sender: Endpoint = init.spoofed === true ? at('198.51.100.66', 3478) : from;
      const info: RemoteInfo = { address: sender.address, port: sender.port, family: 'IPv4', size: 0 };
      if (passes && !this.closed) this.emit('message', message(0x0101, id, attributes), info);
    }
  }

  const create = (() => {
    const socket = new FakeSocket();
    opened.push(socket);
    return socket;
  }) as unknown as typeof createSocket;
  return { createSocket: create, opened };
}
