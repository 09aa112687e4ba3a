import type { ZodType } from 'zod';
import type { Ask } from '../rest/exchange.ts';
import { collect, type PagedList } from '../rest/pages.ts';
import { RestError } from '../rest/refusal.ts';
import type { Query } from '../rest/request.ts';

const PAGE = 3_000;

/** A list that knows whether a page of it has come. */
interface List<Body, Item> extends PagedList<Body, Item> {
  readonly begun: () => boolean;
}

export function listOf<Body, Item>(
  schema: ZodType<Body>,
  items: (body: Body) => readonly Item[],
  total: (body: Body) => number,
  wanted: object,
): List<Body, Item> {
  let seen = 0;
  return {
    schema,
    begun: () => seen > 0,
    items,
    total,
    post: ({ offset = 0 }: Query) => form({ ...wanted, offset, length: PAGE }),
    next: ({ body }) => {
      seen += items(body).length;
      return seen < total(body) && items(body).length > 0 ? { offset: seen } : undefined;
    },
  };
}

export const form = (fields: object) =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => (value == null ? [] : [[name, String(value)]])),
  );

/** "No records" and "no domains" are refusals there. */
export async function listed<Body, Item>(ask: Ask, to: string, list: List<Body, Item>, nothing: string) {
  try {
    return await collect(ask, to, list);
  } catch (error) {
    if (error instanceof RestError && error.code === nothing && !list.begun()) return [];
    throw error;
  }
}
