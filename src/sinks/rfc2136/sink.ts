import { setMaxListeners } from 'node:events';
import type { Failure } from '../../model/outcome.ts';
import { type ActualRecord, keyText, type RecordKey } from '../../model/record.ts';
import { CLASS, RCODE, TYPE } from '../../net/dns/codes.ts';
import { encodeMessage } from '../../net/dns/encode.ts';
import { DEFAULT_TIMING, type ExchangeTiming, peerText } from '../../net/dns/exchange.ts';
import { EMPTY_MESSAGE, type ResourceRecord } from '../../net/dns/message.ts';
import { sameName } from '../../net/dns/names.ts';
import {
  type Call,
  type Change,
  type Sink,
  type SinkComponents,
  SinkError,
  type SinkInit,
  type WriteResult,
} from '../contract.ts';
import { isUnfinished, markName, type Verdict, verdictOn } from '../ownership.ts';
import { type Conversation, converse, type Reply } from './conversation.ts';
import { failureOf } from './failures.ts';
import { type FoundMark, markParts, ownersIn } from './marks.ts';
import { type HostNetwork, hostNetwork } from './network.ts';
import { type Rfc2136Options, tsigKey } from './options.ts';
import { PeerOrder } from './peer-order.ts';
import { type Place, Places } from './place.ts';
import { actualRecord, aliasAt, fitsType, type Prerequisites, updateMessage } from './update.ts';

/** Queries and zones under way at once; each has a socket of its own. */
const AT_ONCE = 16;

/**
 * Two addresses of a server behind which nothing is take less than the 10 s of a call, so that the second one has its turn, and a third one
 * is known to be next.
 */
export const UPDATE_TIMING: ExchangeTiming = {
  ...DEFAULT_TIMING,
  datagramWaits: [1_000, 1_500],
  fallback: 2_000,
};

/** Octets of one UPDATE; leaves room for TSIG below the 65,535 of TCP. */
const LONGEST_UPDATE = 64_000;

/** Codes with which a server refuses a whole message because of one of its records. */
const SEPARABLE: ReadonlySet<number> = new Set([
  RCODE.REFUSED,
  RCODE.NOTZONE,
  RCODE.NXDOMAIN,
  RCODE.YXDOMAIN,
  RCODE.NXRRSET,
  RCODE.YXRRSET,
]);

export interface Rfc2136Surroundings {
  readonly network: HostNetwork;
  readonly timing: ExchangeTiming;
}

/** Writes by DNS UPDATE (RFC 2136), signed with TSIG (RFC 8945), to the primary server of each record's zone. */
export function createRfc2136(
  init: SinkInit<Rfc2136Options>,
  components: Pick<SinkComponents, 'clock' | 'randomBytes'>,
  surroundings: Rfc2136Surroundings = { network: hostNetwork, timing: UPDATE_TIMING },
): Sink {
  const { options } = init;
  const conversation: Conversation = {
    key: tsigKey(options),
    transport: options.transport,
    timing: surroundings.timing,
    randomBytes: components.randomBytes,
    wallSeconds: () => Math.floor(components.clock.wall() / 1_000),
    order: new PeerOrder(),
  };
  const places = new Places({ options, conversation, network: surroundings.network });
  const writer = new Rfc2136Sink(options, conversation, places);
  const write: Sink['write'] = (changes, call) => widened(call, (own) => writer.write(changes, own));
  const read: Sink['read'] = (keys, call) => widened(call, (own) => writer.read(keys, own));
  return options.verify ? { read, write } : { write };
}

/** Runs with a signal of its own: one listener on the caller's, and as many on this as there are sockets, without a warning. */
export async function widened<Value>(call: Call, work: (call: Call) => Promise<Value>): Promise<Value> {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  const abort = (): void => controller.abort(call.signal.reason);
  if (call.signal.aborted) abort();
  call.signal.addEventListener('abort', abort, { once: true });
  try {
    return await work({ ...call, signal: controller.signal });
  } finally {
    call.signal.removeEventListener('abort', abort);
  }
}

class Rfc2136Sink {
  readonly #options: Rfc2136Options;
  readonly #conversation: Conversation;
  readonly #places: Places;
  /** As the last `read` found them, where `owner` is given. */
  readonly #marks = new Map<string, FoundMark>();

  constructor(options: Rfc2136Options, conversation: Conversation, places: Places) {
    this.#options = options;
    this.#conversation = conversation;
    this.#places = places;
  }

  /** Asks the primary itself, without recursion, key by key. */
  async read(keys: readonly RecordKey[], call: Call): Promise<readonly ActualRecord[]> {
    try {
      return (await inParallel(keys, (key) => this.#readKey(key, call))).flat();
    } catch (error) {
      this.#places.forget();
      throw error;
    }
  }

  async #readKey(key: RecordKey, call: Call): Promise<readonly ActualRecord[]> {
    const type = TYPE[key.type];
    const mark = this.#options.owner === undefined ? undefined : await this.#readMark(key, call);
    const found = await this.#query(key.name, key.name, type, call);
    const unfinished = mark !== undefined && isUnfinished(ownersIn(mark), this.#options);
    return found
      .filter((record) => record.type === type || record.type === TYPE.CNAME)
      .map((record) => ({ ...actualRecord(key, record), ...(unfinished && { unfinished: true as const }) }));
  }

  async #readMark(key: RecordKey, call: Call): Promise<FoundMark> {
    const name = markName(key);
    if (name === undefined) {
      const message = `${key.name} is too long to be marked; leave out \`owner\``;
      throw new SinkError({ class: 'invalid', scope: 'record', message });
    }
    const answers = await this.#query(key.name, name, TYPE.TXT, call);
    const mark = { name, records: answers.filter(({ type }) => type === TYPE.TXT) };
    this.#marks.set(keyText(key), mark);
    return mark;
  }

  /** Records of that very name, from the primary of the zone that holds `within`. */
  async #query(
    within: RecordKey['name'],
    name: string,
    type: number,
    call: Call,
  ): Promise<readonly ResourceRecord[]> {
    const place = await this.#places.find(within, call.signal);
    const query = { ...EMPTY_MESSAGE, questions: [{ name, type, class: CLASS.IN }] };
    const reply = await converse(this.#conversation, place.peers, query, call.signal);
    const clean = reply.signature.kind === 'none' || reply.signature.kind === 'verified';
    const missing = reply.rcode === RCODE.NXDOMAIN && clean;
    const failure = missing ? undefined : this.#failure(reply, place, 'query', 'sink');
    if (failure !== undefined) throw new SinkError(failure);
    const server = peerText(reply.peer);
    if (!reply.message.authoritative) {
      // A referral or a cached answer says nothing about what the zone holds.
      const message = `${server} has no authority over ${name}; check server and zone`;
      throw new SinkError({ class: 'not_found', scope: 'sink', message });
    }
    return reply.message.answers.filter((record) => record.class === CLASS.IN && sameName(record.name, name));
  }

  /** Whether the record is ours to write; `undefined` where nobody asks. */
  #verdict({ target, actual }: Change): Verdict | undefined {
    const { owner, owner_adopt } = this.#options;
    const mark = this.#marks.get(keyText(target.key));
    if (owner === undefined || mark === undefined) return undefined;
    const owners = ownersIn(mark);
    return verdictOn(target.key, owners, owners.length === 0 && actual.length > 0, { owner, owner_adopt });
  }

  #markParts(change: Change) {
    const mark = this.#marks.get(keyText(change.target.key));
    const verdict = this.#verdict(change);
    if (mark === undefined || verdict === undefined) return undefined;
    return markParts(mark, verdict.kind === 'mark' ? this.#options.owner : undefined);
  }

  async write(changes: readonly Change[], call: Call): Promise<readonly WriteResult[]> {
    const located = await inParallel(changes, (change) => this.#locate(change, call));
    const results = located.flatMap((one) => (one.kind === 'failed' ? one.result : []));
    const groups = new Map<string, { place: Place; changes: Change[] }>();
    for (const one of located) {
      if (one.kind === 'failed') continue;
      const group = groups.get(one.place.zone) ?? { place: one.place, changes: [] };
      group.changes.push(one.change);
      groups.set(one.place.zone, group);
    }
    const written = await inParallel([...groups.values()], (group) =>
      this.#writeZone(group.place, group.changes, call),
    );
    const all = [...results, ...written.flat()];
    if (all.some((result) => result.kind === 'failed')) this.#places.forget();
    return all;
  }

  async #locate(
    change: Change,
    call: Call,
  ): Promise<{ kind: 'found'; change: Change; place: Place } | { kind: 'failed'; result: WriteResult }> {
    const { key } = change.target;
    const fail = (message: string) => ({
      kind: 'failed' as const,
      result: failedResult(change, { class: 'invalid', scope: 'record', message }),
    });
    const alias = aliasAt(change);
    if (alias !== undefined)
      return { kind: 'failed', result: failedResult(change, aliasFailure(change, alias)) };
    if (!fitsType(change)) return fail(`an address is not of the family of ${key.type}`);
    const verdict = this.#verdict(change);
    if (verdict?.kind === 'refused') {
      const failure: Failure = { class: 'refused', scope: 'record', message: verdict.message };
      return { kind: 'failed', result: failedResult(change, failure) };
    }
    try {
      return { kind: 'found', change, place: await this.#places.find(key.name, call.signal) };
    } catch (error) {
      return { kind: 'failed', result: failedResult(change, failureFrom(error)) };
    }
  }

  /** One atomic message for the zone; two halves only if it would be longer than a message can be. */
  async #writeZone(place: Place, changes: readonly Change[], call: Call): Promise<readonly WriteResult[]> {
    const prerequisites: Prerequisites = this.#options.verify ? 'as_read' : 'none';
    const length = encodeMessage(this.#message(place, changes, prerequisites)).length;
    if (length <= LONGEST_UPDATE || changes.length === 1)
      return this.#send(place, changes, prerequisites, call);
    const middle = Math.ceil(changes.length / 2);
    return [
      ...(await this.#writeZone(place, changes.slice(0, middle), call)),
      ...(await this.#writeZone(place, changes.slice(middle), call)),
    ];
  }

  async #send(
    place: Place,
    changes: readonly Change[],
    prerequisites: Prerequisites,
    call: Call,
  ): Promise<readonly WriteResult[]> {
    let reply: Reply;
    try {
      const message = this.#message(place, changes, prerequisites);
      reply = await converse(this.#conversation, place.peers, message, call.signal);
    } catch (error) {
      return changes.map((change) => failedResult(change, failureFrom(error)));
    }
    const scope = changes.length === 1 ? 'record' : 'sink';
    const failure = this.#failure(reply, place, 'update', scope);
    if (failure === undefined) return changes.map(({ target }) => ({ key: target.key, kind: 'updated' }));

    // Nothing was carried out, and the server said so to the only copy sent: it can be tried in another way.
    const retryable =
      reply.sendings === 1 && reply.signature.kind !== 'refused' && reply.signature.kind !== 'time';
    if (retryable && changes.length > 1 && SEPARABLE.has(reply.rcode)) {
      call.log.debug('update_separated', `${failure.message}; writing each record by itself`, {
        zone: place.zone,
      });
      const results: WriteResult[] = [];
      for (const change of changes) results.push(...(await this.#send(place, [change], prerequisites, call)));
      return results;
    }
    // Read through a wildcard, a record looks present that is not there under its own name. If it is truly missing it may be
    // made; if another value stands there, this fails as well.
    const wildcard = prerequisites === 'as_read' && changes.some(({ actual }) => actual.length > 0);
    if (retryable && wildcard && reply.rcode === RCODE.NXRRSET)
      return this.#send(place, changes, 'missing', call);
    const [only, ...others] = changes;
    // All that was demanded then is that there be no alias.
    if (prerequisites === 'none' && reply.rcode === RCODE.YXRRSET && only && others.length === 0)
      return [failedResult(only, aliasFailure(only))];
    return changes.map((change) => failedResult(change, failure));
  }

  #message(place: Place, changes: readonly Change[], prerequisites: Prerequisites) {
    const marks = (change: Change) => this.#markParts(change);
    return updateMessage(changes, { zone: place.zone, prerequisites, ttl: this.#options.ttl, marks });
  }

  #failure(
    reply: Reply,
    place: Place,
    purpose: 'query' | 'update',
    scope: Failure['scope'],
  ): Failure | undefined {
    const keyName = this.#conversation.key?.name;
    return failureOf(reply, { purpose, server: peerText(reply.peer), zone: place.zone, keyName, scope });
  }
}

const aliasFailure = ({ target }: Change, of?: string): Failure => ({
  class: 'invalid',
  scope: 'record',
  message: `${target.key.name} is an alias (CNAME)${of === undefined ? '' : ` of ${of}`}; remove that record first`,
});

const failedResult = ({ target }: Change, failure: Failure): WriteResult => ({
  key: target.key,
  kind: 'failed',
  failure,
});

function failureFrom(error: unknown): Failure {
  if (error instanceof SinkError) return error.failure;
  throw error;
}

/** Answers in the order of the items; rejects with the first rejection, and starts nothing more then. */
async function inParallel<Item, Value>(
  items: readonly Item[],
  work: (item: Item) => Promise<Value>,
): Promise<readonly Value[]> {
  const values: Value[] = [];
  const queue = items.entries();
  let stopped = false;
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) {
      if (stopped) return;
      values[index] = await work(item);
    }
  };
  const workers = Array.from({ length: Math.min(AT_ONCE, items.length) }, () =>
    worker().catch((error: unknown) => {
      stopped = true;
      throw error;
    }),
  );
  // All of them, so that nothing is left running behind.
  const ends = await Promise.allSettled(workers);
  const broken = ends.find((end) => end.status === 'rejected');
  if (broken !== undefined) throw broken.reason;
  return values;
}
