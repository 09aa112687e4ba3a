import type { Failure } from '../../model/outcome.ts';
import type { RestApi, RestWriter, RestZone, SingleWriter } from './api.ts';
import { attempt, duringWrite, type End, endOf, failed, notSent, type RestResult, stopping } from './ends.ts';
import type { Ask } from './exchange.ts';
import type { RestChange } from './records.ts';
import { failureOf, RestError } from './refusal.ts';

type Batch = RestWriter & { readonly shape: 'batch' };

/** Writes the changes of one zone in the shape the provider takes, one request after the other. */
export class ZoneWriter {
  readonly #api: RestApi;
  /** Set once the service turned out not to have the batch request. */
  #batchless = false;

  constructor(api: RestApi) {
    this.#api = api;
  }

  /** One result for each change. Rejects for defects only. */
  async write(ask: Ask, zone: RestZone, changes: readonly RestChange[]): Promise<readonly RestResult[]> {
    const idle = changes.filter((change) => change.edits.length === 0);
    const busy = changes.filter((change) => change.edits.length > 0);
    const results = await this.#dispatch(ask, zone, busy);
    const stop = results.map(({ end }) => stopping(end)).find((failure) => failure !== undefined);
    return this.#publish(ask, zone, [...this.#written(idle, stop), ...results]);
  }

  /** Changes without edits: nothing at all, or, where there is a step after writing, one of which only that step is left. */
  #written(idle: readonly RestChange[], stop: Failure | undefined): readonly RestResult[] {
    if (this.#api.afterWrite === undefined)
      return idle.map((change) => ({ change, end: { kind: 'unchanged' } }));
    if (stop !== undefined) return failed(idle, notSent(stop));
    return idle.map((change) => ({ change, end: { kind: 'updated' } }));
  }

  #dispatch(ask: Ask, zone: RestZone, changes: readonly RestChange[]): Promise<readonly RestResult[]> {
    const { write } = this.#api;
    switch (write.shape) {
      case 'records':
        return oneByOne(changes, (change) => writeRecords(ask, zone, change, write.single));
      case 'sets':
        return oneByOne(changes, (change) => attempt(() => write.put(ask, zone, change)));
      case 'batch':
        return this.#batches(ask, zone, changes, write);
    }
  }

  async #batches(
    ask: Ask,
    zone: RestZone,
    changes: readonly RestChange[],
    batch: Batch,
  ): Promise<readonly RestResult[]> {
    const { single } = batch;
    const lone = changes.length === 1 && changes[0]?.edits.length === 1;
    if (single !== undefined && (lone || this.#batchless)) {
      return oneByOne(changes, (change) => writeRecords(ask, zone, change, single));
    }
    const results: RestResult[] = [];
    let stop: Failure | undefined;
    for (const chunk of chunks(changes, batch.size)) {
      const written =
        stop === undefined ? await this.#batch(ask, zone, chunk, batch) : failed(chunk, notSent(stop));
      results.push(...written);
      stop ??= written.map(({ end }) => stopping(end)).find((failure) => failure !== undefined);
    }
    return results;
  }

  async #batch(
    ask: Ask,
    zone: RestZone,
    changes: readonly RestChange[],
    batch: Batch,
  ): Promise<readonly RestResult[]> {
    const { single } = batch;
    try {
      const end = endOf(await batch.apply(ask, zone, changes));
      return changes.map((change) => ({ change, end }));
    } catch (error) {
      const failure = duringWrite(failureOf(error));
      if (single !== undefined && isMissingRequest(error, batch.missing)) {
        const results = await oneByOne(changes, (change) => writeRecords(ask, zone, change, single));
        this.#batchless ||= results.some(({ end }) => end.kind === 'updated');
        return results;
      }
      // All or nothing: the refusal is about one change, and halving finds it in a few requests while the rest gets through.
      const whole = error instanceof RestError && error.whole;
      if (changes.length === 1 || whole || failure.scope === 'sink' || failure.unclear === true) {
        return failed(changes, failure);
      }
      const middle = Math.ceil(changes.length / 2);
      const first = await this.#batch(ask, zone, changes.slice(0, middle), batch);
      const stop = first.map(({ end }) => stopping(end)).find((one) => one !== undefined);
      const rest = changes.slice(middle);
      const second =
        stop === undefined ? await this.#batch(ask, zone, rest, batch) : failed(rest, notSent(stop));
      return [...first, ...second];
    }
  }

  async #publish(ask: Ask, zone: RestZone, results: readonly RestResult[]): Promise<readonly RestResult[]> {
    const { afterWrite } = this.#api;
    if (afterWrite === undefined || !results.some(({ end }) => end.kind === 'updated')) return results;
    const end = await attempt(() => afterWrite(ask, zone).then(() => undefined));
    if (end.kind !== 'failed') return results;
    const unclear: End = { kind: 'failed', failure: { ...end.failure, unclear: true } };
    return results.map((result) => (result.end.kind === 'updated' ? { ...result, end: unclear } : result));
  }
}

/**
 * The request itself is unknown there: no such method or feature (RFC 9110 sections 15.5.6 and 15.6.2), or what the provider says for it. That one of
 * the records in it is gone is answered much alike, and is no reason to do without batches from then on.
 */
function isMissingRequest(error: unknown, missing: readonly (string | number)[] = []): boolean {
  if (!(error instanceof RestError)) return false;
  if (error.status === 405 || error.status === 501) return true;
  const said = error.code ?? String(error.status);
  return missing.some((one) => String(one) === said);
}

/** The edits of one change in their order, which is that of need; the first failure ends it. */
async function writeRecords(
  ask: Ask,
  zone: RestZone,
  change: RestChange,
  single: SingleWriter,
): Promise<End> {
  let end: End = { kind: 'updated' };
  for (const [index, edit] of change.edits.entries()) {
    const done = await attempt(() => {
      switch (edit.kind) {
        case 'create':
          return single.create(ask, zone, change, edit.value);
        case 'update':
          return single.update(ask, zone, change, edit);
        case 'delete':
          return single.remove(ask, zone, change, edit);
      }
    });
    // With some edits done and some not, what stands there is neither the old nor the new.
    if (done.kind === 'failed')
      return index === 0 ? done : { ...done, failure: { ...done.failure, unclear: true } };
    if (done.kind === 'pending') end = done;
  }
  return end;
}

async function oneByOne(
  changes: readonly RestChange[],
  work: (change: RestChange) => Promise<End>,
): Promise<readonly RestResult[]> {
  const results: RestResult[] = [];
  let stop: Failure | undefined;
  for (const change of changes) {
    const end: End = stop === undefined ? await work(change) : { kind: 'failed', failure: notSent(stop) };
    stop ??= stopping(end);
    results.push({ change, end });
  }
  return results;
}

/** Parts of at most `size` records; a change is never torn apart. */
function* chunks(changes: readonly RestChange[], size: number): Generator<readonly RestChange[]> {
  let chunk: RestChange[] = [];
  let weight = 0;
  for (const change of changes) {
    if (chunk.length > 0 && weight + change.edits.length > size) {
      yield chunk;
      chunk = [];
      weight = 0;
    }
    chunk.push(change);
    weight += change.edits.length;
  }
  if (chunk.length > 0) yield chunk;
}
