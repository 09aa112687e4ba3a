import { parseAddress } from '../../model/address.ts';
import type { Fqdn } from '../../model/name.ts';
import type { Change, RecordEdit } from '../contract.ts';

/**
 * The records of a zone as REST providers hold them: of any type, so that everything below the sink contract (which
 * speaks of A and AAAA only) can also carry TXT for challenges and marks of ownership.
 */
export interface RestKey {
  readonly name: Fqdn;
  readonly type: string;
}

/** A record as a provider's list gives it. `name` is absolute; a final dot and upper case do no harm. */
export interface ListedRecord {
  readonly id?: string;
  readonly name: string;
  readonly type: string;
  readonly content: string;
  /** Seconds. */
  readonly ttl?: number | undefined;
  /** As in `ActualRecord`. */
  readonly inheritsTtl?: true;
  readonly unfinished?: true;
  /** Whatever the provider's file needs to write the record back unharmed. */
  readonly extra?: unknown;
}

export interface RestRecord {
  readonly id?: string;
  readonly key: RestKey;
  readonly content: string;
  readonly ttl?: number;
  readonly inheritsTtl?: true;
  readonly unfinished?: true;
  readonly extra?: unknown;
}

/** `Change` of the sink contract with plain text for contents. */
export interface RestChange {
  readonly key: RestKey;
  readonly values: readonly string[];
  /** Seconds; left as found, or the provider's default on creation, when not given. */
  readonly ttl?: number;
  readonly actual: readonly RestRecord[];
  readonly edits: readonly RestEdit[];
}

export type RestEdit =
  | { readonly kind: 'create'; readonly value: string }
  | { readonly kind: 'update'; readonly record: RestRecord; readonly value: string }
  | { readonly kind: 'delete'; readonly record: RestRecord };

export function restChange({ target, actual, edits }: Change): RestChange {
  return {
    key: target.key,
    values: target.addresses,
    ...(target.ttl === undefined ? {} : { ttl: target.ttl }),
    actual,
    edits: edits.map(restEdit),
  };
}

function restEdit(edit: RecordEdit): RestEdit {
  switch (edit.kind) {
    case 'create':
      return { kind: 'create', value: edit.address };
    case 'update':
      return { kind: 'update', record: edit.record, value: edit.address };
    case 'delete':
      return { kind: 'delete', record: edit.record };
  }
}

/** For maps. */
export const restKeyText = (key: { readonly name: string; readonly type: string }): string =>
  `${key.name}/${key.type}`;

/** Those of the listed records whose name *and* type were asked for, contents in canonical form. */
export function matching(keys: readonly RestKey[], listed: readonly ListedRecord[]): readonly RestRecord[] {
  const wanted = new Map(keys.map((key) => [restKeyText(key), key]));
  return listed.flatMap(({ name, type, content, ttl, ...rest }): readonly RestRecord[] => {
    const key = wanted.get(restKeyText({ name: name.toLowerCase().replace(/\.$/, ''), type }));
    if (key === undefined) return [];
    const isAddress = type === 'A' || type === 'AAAA';
    return [
      {
        ...rest,
        ...(ttl === undefined ? {} : { ttl }),
        key,
        content: (isAddress ? parseAddress(content) : undefined) ?? content,
      },
    ];
  });
}

/** One member of a record set after a change, with the record it comes from (its comment, its flags). */
export interface Member {
  readonly value: string;
  readonly from?: RestRecord;
}

/** The whole record set a change leads to; empty if nothing is left of it. For providers that write whole sets. */
export function membersAfter({ actual, edits }: RestChange): readonly Member[] {
  const edited = new Map<RestRecord, RestEdit>();
  for (const edit of edits) if (edit.kind !== 'create') edited.set(edit.record, edit);
  const kept = actual.flatMap((record): readonly Member[] => {
    const edit = edited.get(record);
    if (edit?.kind === 'delete') return [];
    return [{ value: edit?.kind === 'update' ? edit.value : record.content, from: record }];
  });
  const created = edits.flatMap((edit): readonly Member[] =>
    edit.kind === 'create' ? [{ value: edit.value }] : [],
  );
  return [...kept, ...created];
}

/** The TTL to send where it has to be changed on a record that exists. */
export function changedTtl(change: RestChange, found = change.actual[0]?.ttl): number | undefined {
  return change.ttl !== undefined && change.ttl !== found ? change.ttl : undefined;
}

/** A TTL for a listed record, where the provider says none for the zone's own. */
export const ownTtl = (ttl: number | null | undefined): Pick<ListedRecord, 'ttl' | 'inheritsTtl'> =>
  ttl ? { ttl } : { inheritsTtl: true };

/** A name in its zone as most providers want it: `@` (or what `apex` says) for the zone itself. */
export function relativeTo(zone: Fqdn, name: string, apex = '@'): string {
  if (name === zone) return apex;
  if (!name.endsWith(`.${zone}`)) throw new RangeError(`${name} is not in zone ${zone}`);
  return name.slice(0, -zone.length - 1);
}

/** The inverse of `relativeTo`: `@` and the empty text are the apex. */
export function absoluteIn(zone: Fqdn, relative: string): string {
  return relative === '@' || relative === '' ? zone : `${relative}.${zone}`;
}

/** TXT content as a character-string (RFC 1035 section 5.1), for providers that want it quoted; other types as they are. */
export function quoted(type: string, content: string): string {
  if (type !== 'TXT' || content.startsWith('"')) return content;
  return `"${content.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** The inverse of `quoted`; several character-strings in a row are one text (RFC 7208 section 3.3). */
export function unquoted(type: string, content: string): string {
  if (type !== 'TXT' || !content.startsWith('"')) return content;
  const parts = content.match(/"(?:[^"\\]|\\.)*"/g) ?? [];
  return parts.map((part) => part.slice(1, -1).replace(/\\(.)/g, '$1')).join('');
}
