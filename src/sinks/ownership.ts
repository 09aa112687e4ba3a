import * as z from 'zod';
import { type Fqdn, parseName } from '../model/name.ts';
import type { RecordKey } from '../model/record.ts';

/** What an operator may say about whose the records of a sink are. */
export interface OwnerOptions {
  readonly owner?: string | undefined;
  readonly owner_adopt?: boolean | undefined;
}

/** To be spread into the options of a provider that can mark records. */
export const ownerOptions = {
  owner: z
    .string()
    .regex(/^[\w.-]{1,32}$/)
    .optional()
    .meta({
      description:
        'The name this netdrift signs its records with. Given, records without this mark are left alone, also those of a netdrift with another name.',
    }),
  owner_adopt: z.boolean().optional().meta({
    description:
      'true: records that are there and have no mark are marked and taken over, once. Remove it when that is done.',
  }),
};

/** The mark itself, as a TXT record or in a comment. */
export const markOf = (owner: string): string => `netdrift:${owner}`;

const MARK_TEXT = /^"?netdrift:([\w.-]{1,32})"?$/;

/** Who signed, if the content of a TXT record is a mark. */
export const ownerInText = (content: string): string | undefined => MARK_TEXT.exec(content)?.[1];

/**
 * Where the TXT record stands that marks a record: `_netdrift-a.home.example.org`. A name of its own, since nothing may stand beside a CNAME
 * (RFC 1034 section 3.6.2), with an underscore (RFC 8552), and one a type, for A and AAAA may have different owners. `undefined` if it
 * would be too long.
 */
export function markName({ name, type }: RecordKey): Fqdn | undefined {
  return parseName(`_netdrift-${type.toLowerCase()}.${name.replace(/^\*\./, '_wildcard.')}`);
}

/** Whether a record may be written: it is ours, or it is free and gets our mark with the write, or why not. */
export type Verdict =
  | { readonly kind: 'own' | 'mark' }
  | { readonly kind: 'refused'; readonly message: string };

/**
 * @param owners who signed the record; empty without a mark
 * @param occupied true if a record is there, or a part of it without a mark
 */
export function verdictOn(
  { name, type }: RecordKey,
  owners: readonly string[],
  occupied: boolean,
  { owner, owner_adopt: adopt }: OwnerOptions & { readonly owner: string },
): Verdict {
  const record = `the ${type} record of ${name}`;
  const other = owners.find((one) => one !== owner);
  if (other !== undefined) {
    const message = `${record} belongs to the netdrift that calls itself ${other}, not to ${owner}; two must not write one name: take it from one of them, or remove the mark ${markOf(other)}`;
    return { kind: 'refused', message };
  }
  if (owners.length > 0 && !occupied) return { kind: 'own' };
  if (!occupied || adopt === true) return { kind: 'mark' };
  const message = `${record} has no mark ${markOf(owner)}, so it belongs to somebody else; to take it over, set \`owner_adopt: true\` once`;
  return { kind: 'refused', message };
}

/** True if a record is to be written although its content is right: to be marked, or to have it said that it is another's. */
export function isUnfinished(
  owners: readonly string[],
  { owner, owner_adopt: adopt }: OwnerOptions,
): boolean {
  if (owner === undefined) return false;
  return owners.length === 0 ? adopt === true : owners.some((one) => one !== owner);
}
