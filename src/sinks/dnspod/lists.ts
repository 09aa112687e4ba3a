import type { ZodType } from 'zod';
import type { Ask } from '../rest/exchange.ts';
import { collect, type PagedList } from '../rest/pages.ts';
import { RestError } from '../rest/refusal.ts';
import type { Query } from '../rest/request.ts';

/** What one page holds at most. */
const PAGE = 3_000;
/** Every call is a POST of the same address; a header says what is to be done. */
export const doing = (action: string) => ({ 'x-tc-action': action, 'x-tc-version': '2021-03-23' });

/** A list that knows whether a page of it has come. */
interface List<Body, Item> extends PagedList<Body, Item> {
  readonly begun: () => boolean;
}

export function listOf<Body, Item>(
  action: string,
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
    headers: doing(action),
    post: ({ offset = 0 }: Query) => ({ ...wanted, Offset: offset, Limit: PAGE }),
    next: ({ body }) => {
      seen += items(body).length;
      return seen < total(body) && items(body).length > 0 ? { offset: seen } : undefined;
    },
  };
}

/** An empty list is an error there, unless asked for otherwise, and then too for some. */
const NOTHING: ReadonlySet<string> = new Set([
  'ResourceNotFound.NoDataOfRecord',
  'ResourceNotFound.NoDataOfDomain',
]);

export async function listed<Body, Item>(ask: Ask, list: List<Body, Item>): Promise<readonly Item[]> {
  try {
    return await collect(ask, '/', list);
  } catch (error) {
    if (error instanceof RestError && NOTHING.has(error.code ?? '') && !list.begun()) return [];
    throw error;
  }
}
