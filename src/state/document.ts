import { type IpAddress, parseAddress } from '../model/address.ts';
import type { FailureClass } from '../model/outcome.ts';
import { isKeyText } from './key.ts';

/** The state file as it is written; `docs/state.md` describes it. Times of day are milliseconds since 1970 UTC. */
export interface StateDocument {
  readonly version: typeof STATE_VERSION;
  readonly sinks: ReadonlyMap<string, SinkDocument>;
}

export interface SinkDocument {
  readonly fingerprint: string;
  readonly holds: readonly HoldDocument[];
  readonly records: ReadonlyMap<string, RecordDocument>;
}

export interface RecordDocument {
  readonly confirmed?: readonly IpAddress[];
  /** A write was begun; its outcome is not in the file. */
  readonly begun: boolean;
  /** An earlier write had no clear end. */
  readonly doubtful: boolean;
  readonly last_write?: number;
  readonly holds: readonly HoldDocument[];
}

export interface HoldDocument {
  readonly class: FailureClass;
  readonly message: string;
  readonly since: number;
  /** Both are absent for a hold without end. `until` is a time of day, `length` the milliseconds it was made for. */
  readonly until?: number;
  readonly length?: number;
  /** Absent for a hold that stands in the way of any address. */
  readonly about?: readonly IpAddress[];
}

export const STATE_VERSION = 1;

export type ReadState =
  | { readonly kind: 'read'; readonly document: StateDocument }
  | { readonly kind: 'damaged'; readonly why: string };

const CLASSES: ReadonlySet<string> = new Set<FailureClass>([
  'unreachable',
  'transient',
  'rate_limited',
  'conflict',
  'credentials',
  'not_found',
  'invalid',
  'refused',
]);

/** Reads the text of a state file. Total: whatever the text is, the answer is a whole document or why it is none. */
export function readState(text: string): ReadState {
  try {
    return { kind: 'read', document: documentOf(JSON.parse(text)) };
  } catch (error) {
    if (error instanceof Damage) return { kind: 'damaged', why: error.message };
    return { kind: 'damaged', why: text === '' ? 'it is empty' : 'it is not whole JSON' };
  }
}

export function writeState(document: StateDocument): string {
  const sinks = Object.fromEntries(
    [...document.sinks].map(([name, sink]) => [name, { ...sink, records: Object.fromEntries(sink.records) }]),
  );
  return `${JSON.stringify({ version: document.version, sinks })}\n`;
}

class Damage extends Error {}

type Fields = Readonly<Record<string, unknown>>;

function documentOf(value: unknown): StateDocument {
  const fields = objectAt(value, 'the file');
  const version = fields['version'];
  if (typeof version === 'number' && version > STATE_VERSION) {
    throw new Damage(
      `it is of version ${version}, written by a newer netdrift (this one reads ${STATE_VERSION})`,
    );
  }
  if (version !== STATE_VERSION) throw new Damage('it names no version known');
  return { version: STATE_VERSION, sinks: mapAt(fields['sinks'], 'sinks', sinkOf) };
}

function sinkOf(value: unknown, at: string): SinkDocument {
  const fields = objectAt(value, at);
  return {
    fingerprint: textAt(fields['fingerprint'], `${at}.fingerprint`),
    holds: listAt(fields['holds'], `${at}.holds`, holdOf),
    records: mapAt(fields['records'], `${at}.records`, recordOf),
  };
}

function recordOf(value: unknown, at: string, name: string): RecordDocument {
  if (!isKeyText(name)) throw new Damage(`${at} is not named like a record`);
  const fields = objectAt(value, at);
  const confirmed = fields['confirmed'];
  const lastWrite = fields['last_write'];
  return {
    ...(confirmed === undefined ? {} : { confirmed: listAt(confirmed, `${at}.confirmed`, addressOf) }),
    begun: flagAt(fields['begun'], `${at}.begun`),
    doubtful: flagAt(fields['doubtful'], `${at}.doubtful`),
    ...(lastWrite === undefined ? {} : { last_write: numberAt(lastWrite, `${at}.last_write`) }),
    holds: listAt(fields['holds'], `${at}.holds`, holdOf),
  };
}

function holdOf(value: unknown, at: string): HoldDocument {
  const fields = objectAt(value, at);
  const name = textAt(fields['class'], `${at}.class`);
  if (!isFailureClass(name)) throw new Damage(`${at}.class is not a failure class`);
  const about = fields['about'];
  const hold = {
    class: name,
    message: textAt(fields['message'], `${at}.message`),
    since: numberAt(fields['since'], `${at}.since`),
    ...(about === undefined ? {} : { about: listAt(about, `${at}.about`, addressOf) }),
  };
  if (fields['until'] === undefined && fields['length'] === undefined) return hold;
  const length = numberAt(fields['length'], `${at}.length`);
  if (length < 0) throw new Damage(`${at}.length is negative`);
  return { ...hold, until: numberAt(fields['until'], `${at}.until`), length };
}

function isFailureClass(name: string): name is FailureClass {
  return CLASSES.has(name);
}

function addressOf(value: unknown, at: string): IpAddress {
  const address = parseAddress(textAt(value, at));
  if (address === undefined) throw new Damage(`${at} is not an address`);
  return address;
}

function objectAt(value: unknown, at: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Damage(`${at} is not a mapping`);
  return value as Fields;
}

function mapAt<Item>(
  value: unknown,
  at: string,
  read: (value: unknown, at: string, name: string) => Item,
): Map<string, Item> {
  return new Map(
    Object.entries(objectAt(value, at)).map(([name, item]) => [name, read(item, `${at}.${name}`, name)]),
  );
}

function listAt<Item>(
  value: unknown,
  at: string,
  read: (value: unknown, at: string) => Item,
): readonly Item[] {
  if (!Array.isArray(value)) throw new Damage(`${at} is not a list`);
  return value.map((item, index) => read(item, `${at}[${index}]`));
}

function textAt(value: unknown, at: string): string {
  if (typeof value !== 'string') throw new Damage(`${at} is not a text`);
  return value;
}

function flagAt(value: unknown, at: string): boolean {
  if (typeof value !== 'boolean') throw new Damage(`${at} is neither true nor false`);
  return value;
}

/** Beyond this a Date can no longer be made of it (ECMA-262, time values). */
const LARGEST_TIME = 8.64e15;

function numberAt(value: unknown, at: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || Math.abs(value) > LARGEST_TIME) {
    throw new Damage(`${at} is not a number of milliseconds`);
  }
  return value;
}
