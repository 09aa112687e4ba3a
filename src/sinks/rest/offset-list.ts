import type { Ask } from './exchange.ts';
import { collect, type PagedList } from './pages.ts';
import { RestError } from './refusal.ts';

/** A list that is asked for by offset. It knows whether a page of it has come: some providers call an empty list an error. */
export interface OffsetList<Body, Item> extends PagedList<Body, Item> {
  readonly begun: () => boolean;
}

export interface OffsetListInit<Body, Item>
  extends Pick<PagedList<Body, Item>, 'schema' | 'items' | 'headers'> {
  readonly total: (body: Body) => number;
  /** The body of the request for what stands from `offset` on. */
  readonly post: (offset: number) => object;
}

export function offsetList<Body, Item>(init: OffsetListInit<Body, Item>): OffsetList<Body, Item> {
  const { items, total } = init;
  let seen = 0;
  return {
    ...init,
    begun: () => seen > 0,
    post: ({ offset = 0 }) => init.post(Number(offset)),
    next: ({ body }) => {
      seen += items(body).length;
      return seen < total(body) && items(body).length > 0 ? { offset: seen } : undefined;
    },
  };
}

/** The whole list; empty if the provider refuses it with a code that means "nothing there", before a page has come. */
export async function listedOrNone<Body, Item>(
  ask: Ask,
  to: string,
  list: OffsetList<Body, Item>,
  isNothing: (code: string) => boolean,
): Promise<readonly Item[]> {
  try {
    return await collect(ask, to, list);
  } catch (error) {
    if (error instanceof RestError && isNothing(error.code ?? '') && !list.begun()) return [];
    throw error;
  }
}
