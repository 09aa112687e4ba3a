import { type Fqdn, zoneCandidates } from '../model/name.ts';
import type { RecordKey } from '../model/record.ts';
import { CLASS, RCODE, rcodeText, TYPE } from '../net/dns/codes.ts';
import { type ExchangeTiming, type Peer, peerText } from '../net/dns/exchange.ts';
import { EMPTY_MESSAGE, type Message } from '../net/dns/message.ts';
import { foldName, sameName } from '../net/dns/names.ts';
import { cleanWords } from '../net/http-words.ts';
import { createLimit } from '../net/limit.ts';
import { type Call, type Observation, SinkError } from './contract.ts';
import { type Conversation, converse, type Reply } from './rfc2136/conversation.ts';
import { type HostNetwork, hostNetwork } from './rfc2136/network.ts';
import { PeerOrder } from './rfc2136/peer-order.ts';
import { widened } from './rfc2136/sink.ts';
import { actualRecord } from './rfc2136/update.ts';

export interface AuthoritativeInit {
  /** The host's own if not given. */
  readonly network?: HostNetwork;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Whom to ask which servers a zone has; without it the resolvers of this host. Never believed about the record itself. */
  readonly resolver?: { readonly host: string; readonly port: number } | undefined;
  /** Where name servers answer, if not at port 53. */
  readonly port?: number;
  readonly timing?: ExchangeTiming;
}

/** Several servers have to be asked within one call of a sink, and one that is down must not use it up. */
const TIMING: ExchangeTiming = { datagramWaits: [800, 1_200], doubt: 0, stream: 3_000 };
/** Records looked up at the same time. */
const AT_ONCE = 16;
/** Name servers of one zone that are asked; the root has 13. Whoever answers for a zone could otherwise have thousands of hosts asked. */
const MOST_SERVERS = 32;

/** Looks the records up, each at all the name servers of its zone. Rejects for defects and aborts only. */
export function lookUp(
  keys: readonly RecordKey[],
  call: Call,
  init: AuthoritativeInit,
): Promise<readonly Observation[]> {
  return widened(call, (own) => new Lookup(init, own).all(keys));
}

/** Why it could not be told what a record is outside. */
class Untold extends Error {}

/** One name server of a zone: all its addresses, of both families. */
interface NameServer {
  readonly name: string;
  readonly peers: readonly Peer[];
}

/**
 * One look at a number of records. The zone's servers are found through a resolver (NS of the name, then of what is above it), and then
 * every one of them is asked without recursion. A record is `seen` only if all that answer have authority (AA, RFC 1035
 * section 4.1.1) and agree; caches, lame servers and secondaries that lag behind make it `unknown`.
 */
class Lookup {
  readonly #init: AuthoritativeInit;
  readonly #call: Call;
  readonly #conversation: Conversation;
  readonly #servers = new Map<string, Promise<readonly NameServer[] | undefined>>();
  readonly #addresses = new Map<string, Promise<readonly Peer[]>>();

  constructor(init: AuthoritativeInit, call: Call) {
    this.#init = init;
    this.#call = call;
    this.#conversation = {
      transport: 'auto',
      timing: init.timing ?? TIMING,
      randomBytes: init.randomBytes,
      // Nothing is signed here.
      wallSeconds: () => 0,
      order: new PeerOrder(),
    };
  }

  async all(keys: readonly RecordKey[]): Promise<readonly Observation[]> {
    const limit = createLimit(AT_ONCE);
    return Promise.all(keys.map((key) => limit(() => this.#one(key))));
  }

  async #one(key: RecordKey): Promise<Observation> {
    try {
      return { key, kind: 'seen', contents: await this.#contents(key) };
    } catch (error) {
      this.#call.signal.throwIfAborted();
      if (error instanceof Untold || error instanceof SinkError)
        return { key, kind: 'unknown', why: cleanWords(error.message) };
      throw error;
    }
  }

  async #contents(key: RecordKey): Promise<readonly string[]> {
    const servers = await this.#serversOf(key.name);
    // All of them to their end, so that nothing is left running behind.
    const told = await Promise.allSettled(servers.map((server) => this.#ask(server, key)));
    const answers = told.flatMap((end) => {
      if (end.status === 'rejected') throw end.reason;
      return end.value === undefined ? [] : [end.value];
    });
    const [first] = answers;
    if (first === undefined)
      throw new Untold(`none of ${servers.map(({ name }) => name).join(', ')} answers`);
    const text = (contents: readonly string[]) => contents.toSorted().join(' ');
    if (answers.some((one) => text(one) !== text(first)))
      throw new Untold(`its name servers disagree: ${[...new Set(answers.map(text))].join(' | ')}`);
    return first;
  }

  /** What one server has; `undefined` if it cannot be reached. @throws Untold if its answer is not one from authority. */
  async #ask({ peers }: NameServer, key: RecordKey): Promise<readonly string[] | undefined> {
    let reply: Reply;
    try {
      reply = await this.#send(peers, key.name, TYPE[key.type], false);
    } catch (error) {
      if (error instanceof SinkError) return undefined;
      throw error;
    }
    const { rcode, message, peer } = reply;
    if (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN)
      throw new Untold(`${peerText(peer)} answered ${rcodeText(rcode)}`);
    if (!message.authoritative) throw new Untold(`${peerText(peer)} has no authority over ${key.name}`);
    if (message.answers.some(({ type }) => type === TYPE.CNAME || type === TYPE.DNAME))
      throw new Untold(`${key.name} is an alias`);
    return message.answers
      .filter(
        (record) =>
          record.class === CLASS.IN && record.type === TYPE[key.type] && sameName(record.name, key.name),
      )
      .map((record) => actualRecord(key, record).content);
  }

  async #serversOf(name: Fqdn): Promise<readonly NameServer[]> {
    for (const candidate of zoneCandidates(name)) {
      // The servers of a top-level zone know nothing of a name below it but who does.
      if (!candidate.includes('.')) break;
      const known = this.#servers.get(candidate) ?? this.#serversAt(candidate);
      this.#servers.set(candidate, known);
      const servers = await known;
      if (servers !== undefined) return servers;
    }
    throw new Untold(`no zone found that holds ${name}`);
  }

  /** The servers of the zone that begins here; `undefined` if none does. */
  async #serversAt(name: Fqdn): Promise<readonly NameServer[] | undefined> {
    const { answers } = await this.#resolve(name, TYPE.NS);
    const names = answers.flatMap(({ name: owner, type, data }) =>
      type === TYPE.NS && data.kind === 'name' && sameName(owner, name) ? [foldName(data.name)] : [],
    );
    if (names.length === 0) return undefined;
    if (names.length > MOST_SERVERS)
      throw new Untold(`${name} has ${names.length} name servers, too many to ask them all`);
    return Promise.all(names.map(async (one) => ({ name: one, peers: await this.#addressesOf(one) })));
  }

  #addressesOf(server: string): Promise<readonly Peer[]> {
    const known = this.#addresses.get(server) ?? this.#lookUp(server);
    this.#addresses.set(server, known);
    return known;
  }

  async #lookUp(server: string): Promise<readonly Peer[]> {
    const { port = 53 } = this.#init;
    const found = await Promise.all(
      [TYPE.A, TYPE.AAAA].map(async (type) => {
        const { answers } = await this.#resolve(server, type);
        return answers.flatMap(({ type: answered, data }) =>
          answered === type && data.kind === 'address' ? [{ host: data.address, port }] : [],
        );
      }),
    );
    return found.flat();
  }

  /** @throws Untold unless a resolver says yes or no. */
  async #resolve(name: string, type: number): Promise<Message> {
    const { rcode, message, peer } = await this.#send(await this.#resolvers(), name, type, true);
    if (rcode === RCODE.NOERROR || rcode === RCODE.NXDOMAIN) return message;
    throw new Untold(`resolver ${peerText(peer)} answered ${rcodeText(rcode)} for ${name}`);
  }

  async #resolvers(): Promise<readonly Peer[]> {
    const { network = hostNetwork, resolver } = this.#init;
    if (resolver === undefined) {
      const resolvers = network.resolvers();
      if (resolvers.length === 0) throw new Untold('this host has no resolver');
      return resolvers;
    }
    try {
      const addresses = await network.addresses(resolver.host);
      return addresses.map((host) => ({ host, port: resolver.port }));
    } catch (cause) {
      throw new Untold(`cannot look up ${resolver.host}`, { cause });
    }
  }

  #send(peers: readonly Peer[], name: string, type: number, recursionDesired: boolean): Promise<Reply> {
    const query = { ...EMPTY_MESSAGE, recursionDesired, questions: [{ name, type, class: CLASS.IN }] };
    return converse(this.#conversation, peers, query, this.#call.signal);
  }
}
