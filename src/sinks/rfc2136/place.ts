import type { IpAddress } from '../../model/address.ts';
import { type Fqdn, parseName, zoneCandidates } from '../../model/name.ts';
import type { Failure } from '../../model/outcome.ts';
import { CLASS, RCODE, TYPE } from '../../net/dns/codes.ts';
import { type Peer, peerText } from '../../net/dns/exchange.ts';
import { EMPTY_MESSAGE, type Message } from '../../net/dns/message.ts';
import { foldName, nameIsWithin, sameName } from '../../net/dns/names.ts';
import { SinkError } from '../contract.ts';
import { type Conversation, converse } from './conversation.ts';
import { failureOf } from './failures.ts';
import type { HostNetwork } from './network.ts';
import type { Rfc2136Options } from './options.ts';

/** Where a name is kept: its zone, and the addresses of the server that takes updates for it. */
export interface Place {
  readonly zone: Fqdn;
  readonly peers: readonly Peer[];
}

export interface PlaceInit {
  readonly options: Pick<Rfc2136Options, 'server' | 'zone' | 'resolver'>;
  readonly conversation: Conversation;
  readonly network: HostNetwork;
}

interface Authority {
  readonly zone: Fqdn;
  readonly primary: string;
}

/** Finds places and remembers them until `forget`. All its failures are `SinkError`. */
export class Places {
  readonly #init: PlaceInit;
  readonly #known = new Map<Fqdn, Place>();

  constructor(init: PlaceInit) {
    this.#init = init;
  }

  /** After a failure: zones move, servers change their addresses. */
  forget(): void {
    this.#known.clear();
  }

  async find(name: Fqdn, signal: AbortSignal): Promise<Place> {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const { options } = this.#init;
    const { server } = options;
    let place: Place;
    if (options.zone !== undefined && server !== undefined) {
      place = { zone: options.zone, peers: await this.#resolve(server.host, server.port, signal) };
    } else {
      const { zone, primary } = await this.#authority(options.zone ?? name, signal);
      const { host, port } = server ?? { host: primary, port: 53 };
      place = { zone: options.zone ?? zone, peers: await this.#resolve(host, port, signal) };
    }
    this.#known.set(name, place);
    return place;
  }

  /** Asks for SOA from the name upwards: the answer, or the SOA beside "no such record", names the zone and its primary. */
  async #authority(name: Fqdn, signal: AbortSignal): Promise<Authority> {
    const { options } = this.#init;
    const resolvers = await this.#resolvers(signal);
    for (const candidate of zoneCandidates(name)) {
      const message = await this.#ask(resolvers, candidate, TYPE.SOA, signal);
      const found = message && authorityIn(message, candidate);
      if (found === undefined) continue;
      // For a name nobody registered the answer names a top-level zone, whose operator is not to be bothered.
      const chosen = options.zone !== undefined || options.server !== undefined;
      if (found.zone.includes('.') || chosen) return found;
    }
    throw failed('not_found', 'record', `no zone found that holds ${name}; give server and zone`);
  }

  async #resolvers(signal: AbortSignal): Promise<readonly Peer[]> {
    const { options, network } = this.#init;
    const given = options.resolver ?? options.server;
    if (given !== undefined) return this.#lookup(given.host, given.port, signal);
    const resolvers = network.resolvers();
    if (resolvers.length > 0) return resolvers;
    throw failed(
      'unreachable',
      'sink',
      'this host has no resolver to ask for the zone; give server and zone',
    );
  }

  async #resolve(host: string, port: number, signal: AbortSignal): Promise<readonly Peer[]> {
    const { options } = this.#init;
    // A server that was given is found like any host; one from SOA is asked for where the SOA was.
    if (options.server !== undefined || options.resolver === undefined)
      return this.#lookup(host, port, signal);
    const resolvers = await this.#resolvers(signal);
    const found: IpAddress[] = [];
    for (const type of [TYPE.AAAA, TYPE.A]) {
      const message = await this.#ask(resolvers, host, type, signal);
      for (const { type: answered, data } of message?.answers ?? []) {
        if (answered === type && data.kind === 'address') found.push(data.address);
      }
    }
    if (found.length === 0) throw failed('unreachable', 'sink', noAddress(host));
    return found.map((address) => ({ host: address, port }));
  }

  async #lookup(host: string, port: number, signal: AbortSignal): Promise<readonly Peer[]> {
    if (host === '') throw failed('not_found', 'sink', noAddress('.'));
    try {
      const addresses = await abortable(this.#init.network.addresses(host), signal);
      if (addresses.length > 0) return addresses.map((address) => ({ host: address, port }));
    } catch (error) {
      if (signal.aborted) throw failed('unreachable', 'sink', `stopped while looking up ${host}`);
      throw failed('unreachable', 'sink', `cannot look up ${host}: ${codeOf(error)}`);
    }
    throw failed('unreachable', 'sink', noAddress(host));
  }

  /** One unsigned question. `undefined` if whoever is asked does not serve the name; other failures are thrown. */
  async #ask(
    peers: readonly Peer[],
    name: string,
    type: number,
    signal: AbortSignal,
  ): Promise<Message | undefined> {
    const { conversation, options } = this.#init;
    const query: Message = {
      ...EMPTY_MESSAGE,
      recursionDesired: options.resolver !== undefined || options.server === undefined,
      questions: [{ name, type, class: CLASS.IN }],
    };
    const reply = await converse({ ...conversation, key: undefined }, peers, query, signal);
    const { rcode, message } = reply;
    if (rcode === RCODE.NOERROR || rcode === RCODE.NXDOMAIN) return message;
    if (rcode === RCODE.REFUSED || rcode === RCODE.NOTAUTH) return undefined;
    const failure = failureOf(reply, {
      purpose: 'query',
      server: peerText(reply.peer),
      zone: name,
      scope: 'sink',
    });
    // Trouble of a resolver is never a reason to give up for good.
    if (failure !== undefined) throw new SinkError({ ...failure, class: 'transient' });
    return message;
  }
}

function authorityIn(message: Message, candidate: Fqdn): Authority | undefined {
  // Behind an alias the authority section speaks of the alias's target.
  if (message.answers.some(({ type }) => type === TYPE.CNAME || type === TYPE.DNAME)) return undefined;
  for (const { name, data } of [...message.answers, ...message.authorities]) {
    if (data.kind !== 'soa' || !nameIsWithin(candidate, name)) continue;
    const zone = parseName(name);
    if (zone !== undefined)
      return { zone, primary: sameName(data.primary, '') ? '' : foldName(data.primary) };
  }
  return undefined;
}

const noAddress = (host: string): string =>
  `the server ${host}, named in the zone's SOA, has no address; give server`;

function failed(failureClass: Failure['class'], scope: Failure['scope'], message: string): SinkError {
  return new SinkError({ class: failureClass, scope, message });
}

const codeOf = (error: unknown): string =>
  error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error);

/** The system's name lookup cannot be stopped; its answer then goes nowhere. */
function abortable<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
