import { Secret } from '../../config/secret.ts';
import type { Fqdn } from '../../model/name.ts';
import type { Failure } from '../../model/outcome.ts';
import { cleanWords } from '../../net/http-words.ts';
import type { Call, SinkComponents } from '../contract.ts';
import type { RestApi, RestZone } from './api.ts';
import { type End, failed, notSent, type RestResult, stopping } from './ends.ts';
import { Ask, type Surroundings } from './exchange.ts';
import { accountKey, gateOf, type Limit } from './gate.ts';
import { KeptRecords } from './kept-records.ts';
import type { RestOptions } from './options.ts';
import { matching, type RestChange, type RestKey, type RestRecord } from './records.ts';
import { RestError } from './refusal.ts';
import { sleep } from './sleep.ts';
import { together } from './together.ts';
import { ZoneWriter } from './write.ts';
import { ZoneFinder } from './zones.ts';

export interface RestInit {
  readonly title: string;
  readonly provider: string;
  readonly options: RestOptions;
  readonly limits: readonly Limit[];
  readonly components: SinkComponents;
}

/** Names of one zone that are asked for one by one; more are picked from the list of the whole zone. */
const ASKED_BY_NAME = 3;
/** Milliseconds for which what was read is good enough for the next try, beside the time that the request limits take. */
const GOOD_FOR = 300_000;

/** Reads and writes records of any type at one provider. The sink contract sits on top (`sink.ts`). */
export class RestSession {
  readonly #api: RestApi;
  readonly #around: Surroundings;
  readonly #zones: ZoneFinder;
  readonly #writer: ZoneWriter;
  readonly #creates: boolean;
  readonly #kept: KeptRecords;

  constructor(api: RestApi, init: RestInit) {
    const { components } = init;
    this.#api = api;
    this.#around = {
      title: init.title,
      clock: components.clock,
      sleep: components.sleep ?? sleep,
      gate: gateOf(
        accountKey(init.provider, api.base, api.account, init.options.shared_limits),
        init.limits,
        components.clock,
      ),
      nonce: () => Buffer.from(components.randomBytes(16)).toString('hex'),
      secrets: secretsOf(init.options, api.account),
    };
    this.#zones = new ZoneFinder(api.zones, init.options.zone);
    this.#writer = new ZoneWriter(api);
    this.#creates = init.options.create ?? true;
    this.#kept = new KeptRecords(components.clock);
  }

  /** As in `Sink`. */
  get batch(): number | undefined {
    return this.#api.batch;
  }

  /** True if what is written shows only after a step of its own. */
  get publishes(): boolean {
    return this.#api.afterWrite !== undefined;
  }

  /**
   * Records of the keys. A key whose zone the account does not have has no records there (writing it says `not_found`), so one
   * misspelt name does not keep the others from being read; only if that is so of every key, it throws.
   */
  async read(keys: readonly RestKey[], call: Call): Promise<readonly RestRecord[]> {
    const ask = new Ask(this.#api, this.#around, call);
    const zoned = await this.#zonesOf(keys, ask);
    try {
      return await this.#records(zoned, ask);
    } catch (error) {
      if (!(error instanceof RestError) || error.failure.class !== 'not_found') throw error;
      // A zone found earlier is gone, or has got another id: look for it afresh, once.
      this.#zones.forget();
      this.#kept.forget();
      return await this.#records(await this.#zonesOf(keys, ask), ask);
    }
  }

  /** One result for each change. */
  async write(all: readonly RestChange[], call: Call): Promise<readonly RestResult[]> {
    const kept: RestResult[] = [];
    const changes: RestChange[] = [];
    for (const change of all) {
      const failure = this.#withheld(change);
      if (failure === undefined) changes.push(change);
      else kept.push({ change, end: { kind: 'failed', failure } });
    }
    if (changes.length === 0) return kept;
    const ask = new Ask(this.#api, this.#around, call);
    const groups = await this.#grouped(changes, ask);
    const { zoned, homeless } = groups;
    const lost = homeless.map((change): RestResult => {
      return { change, end: { kind: 'failed', failure: this.#noZone([change.key]) } };
    });
    let stop: Failure | undefined;
    const written = await together([...zoned], async ([zone, group]) => {
      const results =
        stop === undefined ? await this.#writer.write(ask, zone, group) : failed(group, notSent(stop));
      for (const { change, end } of results) this.#kept.written(zone, change.key, isUntouched(end));
      // A key refused or a limit met in one zone is so in all; a fault of the service may be that zone's alone.
      stop ??= results.map(({ end }) => stopping(end)).find((one) => one && one.class !== 'transient');
      return results;
    });
    const results = [...kept, ...lost, ...written.flat()];
    const conflict = results.some(({ end }) => end.kind === 'failed' && end.failure.class === 'conflict');
    if (conflict) {
      this.#zones.forget();
      this.#kept.forget();
    }
    return results;
  }

  async #zonesOf(keys: readonly RestKey[], ask: Ask): Promise<ReadonlyMap<RestZone, readonly RestKey[]>> {
    const items = keys.map((key) => ({ key }));
    const { zoned, homeless } = await this.#grouped(items, ask);
    if (homeless.length > 0 && zoned.size === 0) throw new RestError(this.#noZone(keys));
    return new Map([...zoned].map(([zone, group]) => [zone, group.map(({ key }) => key)]));
  }

  async #records(zoned: ReadonlyMap<RestZone, readonly RestKey[]>, ask: Ask): Promise<readonly RestRecord[]> {
    const count = [...zoned.values()].reduce((sum, keys) => sum + keys.length, 0);
    // Each key takes about one request to read and one to write.
    const goodFor = GOOD_FOR + this.#around.gate.span(2 * count);
    const found = await together([...zoned], async ([zone, wanted]) => {
      const kept = wanted.map((key) => this.#kept.of(zone, key, goodFor));
      const missing = wanted.filter((_, index) => kept[index] === undefined);
      const read = missing.length === 0 ? [] : await this.#zoneRecords(zone, missing, ask);
      return [...kept.flatMap((records) => records ?? []), ...read];
    });
    this.#kept.use();
    return found.flat();
  }

  async #zoneRecords(zone: RestZone, wanted: readonly RestKey[], ask: Ask): Promise<readonly RestRecord[]> {
    const records = async (keys: readonly RestKey[], name?: Fqdn, types?: readonly string[]) => {
      const found = matching(keys, await this.#api.records(ask, zone, name, types));
      this.#kept.keep(zone, keys, found);
      return found;
    };
    const names = [...new Set(wanted.map((key) => key.name))];
    if (this.#api.lists === 'zone' || (names.length > ASKED_BY_NAME && this.#api.lists !== 'name'))
      return records(wanted);
    const parts = await together(names, async (name) => {
      // Each list answers for its own name only: from a service that ignores the filter every list is the whole zone.
      const here = wanted.filter((key) => key.name === name);
      const types = [...new Set(here.map(({ type }) => type))];
      return records(here, name, types);
    });
    return parts.flat();
  }

  async #grouped<Item extends { readonly key: RestKey }>(items: readonly Item[], ask: Ask) {
    const found = await this.#zones.find(ask, [...new Set(items.map(({ key }) => key.name))]);
    const zoned = new Map<RestZone, Item[]>();
    const homeless: Item[] = [];
    for (const item of items) {
      const zone = found.get(item.key.name);
      const group = zone === undefined ? homeless : (zoned.get(zone) ?? []);
      group.push(item);
      if (zone !== undefined) zoned.set(zone, group);
    }
    return { zoned, homeless };
  }

  /** Why nothing is to be sent for this change. */
  #withheld(change: RestChange): Failure | undefined {
    if (change.edits.length === 0) return undefined;
    // A mark of ownership is netdrift's own, whoever has made the record.
    const foreign = change.key.type !== 'TXT';
    if (!this.#creates && foreign && change.actual.length === 0) return this.#noRecord(change.key);
    const why = this.#api.guard?.(change);
    if (why === undefined) return undefined;
    const message = `${this.#around.title}: ${cleanWords(why, this.#around.secrets)}`;
    return { class: 'refused', scope: 'record', message };
  }

  #noRecord({ name, type }: RestKey): Failure {
    const message = `${this.#around.title}: ${name} has no ${type} record, and \`create: false\` forbids to make one; make it there, or remove \`create\``;
    return { class: 'not_found', scope: 'record', message };
  }

  #noZone(keys: readonly RestKey[]): Failure {
    const names = keys
      .slice(0, 3)
      .map((key) => key.name)
      .join(', ');
    const message = `${this.#around.title}: no zone of this account holds ${names}; check the name, the token's rights and \`zone\``;
    return { class: 'not_found', scope: 'record', message };
  }
}

/** True if a limit was all that kept a change from being made. */
const isUntouched = (end: End): boolean =>
  end.kind === 'failed' && end.failure.class === 'rate_limited' && end.failure.unclear !== true;

/** Every secret of the options, to be blotted out of what a provider says. */
function secretsOf(options: object, account: Secret): readonly Secret[] {
  return [account, ...Object.values(options)].filter((value) => value instanceof Secret);
}
