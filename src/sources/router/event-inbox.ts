import { type CallbackServer, listenForEvents, type Notification } from '../../net/upnp/callback-server.ts';
import { type EventAddress, readEvent } from '../../net/upnp/gena.ts';
import type { Log } from '../../telemetry/log.ts';
import type { RouterClient } from './client.ts';
import type { Gateway } from './gateway.ts';
import type { RouterNetwork } from './network.ts';

export interface AddressEvent {
  readonly address: Exclude<EventAddress, 'not_said'>;
  /** The one that the first subscription starts with: the state now, not a change. Later ones may tell a change that was missed. */
  readonly initial: boolean;
}

export interface InboxInit {
  readonly client: RouterClient;
  readonly network: RouterNetwork;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly log: Log;
}

/** One subscription's place in the inbox. */
export interface Slot {
  readonly callback: string;
  /** The SID that its events must carry, once the router has told it. Events may overtake that answer. */
  sid: string | undefined;
}

interface Entry extends Slot {
  initial: boolean;
  address: EventAddress;
}

/**
 * Where a gateway delivers its events: a small server on the LAN address, with a path for each subscription that nobody can guess.
 * What comes to other paths, with other SIDs or from others is refused and counted.
 */
export class EventInbox {
  readonly #gateway: Gateway;
  readonly #init: InboxInit;
  readonly #emit: (event: AddressEvent) => void;
  readonly #slots = new Map<string, Entry>();
  #server: CallbackServer | undefined;
  #closed = false;

  constructor(gateway: Gateway, init: InboxInit, emit: (event: AddressEvent) => void) {
    this.#gateway = gateway;
    this.#init = init;
    this.#emit = emit;
  }

  /** Opens the server where it is not open. False, with a log line, if the system does not let it listen. */
  async open(): Promise<boolean> {
    if (this.#server !== undefined) return true;
    const { network, client, log } = this.#init;
    const { localAddress, address, interface: name } = this.#gateway;
    try {
      const server = await listenForEvents(
        {
          localAddress,
          gateway: address,
          onNotification: (notification) => this.#take(notification),
          onStranger: (sender) => client.tally.add('a connection from a stranger', sender),
          onError: () => {},
        },
        network,
      );
      this.#server = server;
      if (this.#closed) server.close();
      return !this.#closed;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
      const message = `cannot listen for events on ${localAddress} (${code}): events of the router are missed`;
      log.info('router_listener_failed', message, { reason: code, interface: name });
      return false;
    }
  }

  /** Forgets the slots there are, and makes as many new ones; `first` if nothing was subscribed to before. */
  renew(count: number, first: boolean): readonly Slot[] {
    this.#slots.clear();
    return Array.from({ length: count }, () => {
      const token = Buffer.from(this.#init.randomBytes(16)).toString('hex');
      const callback = `http://${this.#gateway.localAddress}:${this.#server?.port}/${token}`;
      const entry: Entry = { callback, sid: undefined, initial: first, address: 'not_said' };
      this.#slots.set(token, entry);
      return entry;
    });
  }

  close(): void {
    this.#closed = true;
    this.#server?.close();
  }

  #take({ token, sid, body }: Notification): boolean {
    const { client } = this.#init;
    const entry = this.#slots.get(token);
    if (this.#closed || entry === undefined || (entry.sid !== undefined && entry.sid !== sid)) {
      client.tally.add('an event of no subscription', this.#gateway.address);
      return false;
    }
    const address = readEvent(body);
    if (address === undefined) {
      client.tally.add('an event that cannot be read', this.#gateway.address);
      return true;
    }
    client.memory(this.#gateway).notices.events = 'heard';
    this.#judge(entry, address);
    return true;
  }

  /** A router with several WAN services tells of each: the idle ones must not hide or shake the one that is connected. */
  #judge(entry: Entry, address: EventAddress): void {
    // The number of events counts, not SEQ: what matters is whether this is the first that tells the state.
    const { initial } = entry;
    entry.initial = false;
    if (address === 'not_said' || address === entry.address) return;
    entry.address = address;
    const connected = [...this.#slots.values()].some((slot) => !['none', 'not_said'].includes(slot.address));
    if (address === 'none' && connected) return;
    this.#emit({ address, initial });
  }
}
