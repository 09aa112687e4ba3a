import type { ZodType } from 'zod';
import type { Ask } from '../rest/exchange.ts';
import { listedOrNone, type OffsetList, offsetList } from '../rest/offset-list.ts';

/** What one page holds at most. */
const PAGE = 3_000;
/** Every call is a POST of the same address; a header says what is to be done. */
export const doing = (action: string) => ({ 'x-tc-action': action, 'x-tc-version': '2021-03-23' });

export const listOf = <Body, Item>(
  action: string,
  schema: ZodType<Body>,
  items: (body: Body) => readonly Item[],
  total: (body: Body) => number,
  wanted: object,
): OffsetList<Body, Item> =>
  offsetList({
    schema,
    items,
    total,
    headers: doing(action),
    post: (offset) => ({ ...wanted, Offset: offset, Limit: PAGE }),
  });

/** An empty list is an error there, unless asked for otherwise, and then too for some. */
const NOTHING: ReadonlySet<string> = new Set([
  'ResourceNotFound.NoDataOfRecord',
  'ResourceNotFound.NoDataOfDomain',
]);

export const listed = <Body, Item>(ask: Ask, list: OffsetList<Body, Item>): Promise<readonly Item[]> =>
  listedOrNone(ask, '/', list, (code) => NOTHING.has(code));
