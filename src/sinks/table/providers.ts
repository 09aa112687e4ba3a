import type { Provider } from '../contract.ts';
import { custom } from './custom.ts';
import { providerOf, type Row, type TableProvider } from './row.ts';
import { dyndns2Rows } from './rows/dyndns2.ts';
import { otherRows } from './rows/others.ts';

/** The table: services that take a name and an address in one request. */
export const rows: readonly Row[] = [...dyndns2Rows, ...otherRows].toSorted((a, b) =>
  a.name.localeCompare(b.name),
);

export const rowProviders: readonly TableProvider[] = rows.map(providerOf);

export const tableProviders: readonly Provider[] = [...rowProviders, custom];
