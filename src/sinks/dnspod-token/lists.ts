import type { ZodType } from 'zod';
import type { Ask } from '../rest/exchange.ts';
import { listedOrNone, type OffsetList, offsetList } from '../rest/offset-list.ts';

const PAGE = 3_000;

export const listOf = <Body, Item>(
  schema: ZodType<Body>,
  items: (body: Body) => readonly Item[],
  total: (body: Body) => number,
  wanted: object,
): OffsetList<Body, Item> =>
  offsetList({ schema, items, total, post: (offset) => form({ ...wanted, offset, length: PAGE }) });

export const form = (fields: object) =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => (value == null ? [] : [[name, String(value)]])),
  );

/** "No records" and "no domains" are refusals there. */
export const listed = <Body, Item>(ask: Ask, to: string, list: OffsetList<Body, Item>, nothing: string) =>
  listedOrNone(ask, to, list, (code) => code === nothing);
