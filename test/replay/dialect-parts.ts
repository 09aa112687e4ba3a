import type { Asked, Raw } from './dialect.ts';

export type Fields = Record<string, unknown>;
export const fields = (value: unknown): Fields => (value ?? {}) as Fields;
export const present = (value: object): Fields =>
  Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined && one !== null));
export const without = (item: Raw, ...names: readonly string[]): Raw =>
  Object.fromEntries(Object.entries(item).filter(([name]) => !names.includes(name)));

let created = 700_000;
export function newId(): number {
  created += 1;
  return created;
}

export function edited(
  items: readonly Raw[],
  is: (item: Raw) => boolean,
  edit: (item: Raw) => Raw | undefined,
): readonly Raw[] {
  if (!items.some(is)) throw new Error('no such record');
  return items.flatMap((item): readonly Raw[] => {
    const after = is(item) ? edit(item) : item;
    return after === undefined ? [] : [after];
  });
}

/** RPC with everything in the query; ACS3 has the action in a header. */
export const actionOf = ({ query, headers = {} }: Asked): string =>
  query.get('Action') ?? String(headers['x-acs-action'] ?? headers['x-tc-action'] ?? '');

/** The last identifier given out. */
export const lastId = (): number => created;
