import { familyOf, type IpAddress, parseAddress } from '../../src/model/address.ts';
import { recordTypeOf } from '../../src/model/family.ts';
import { parseName } from '../../src/model/name.ts';
import type { Reply, SeenRequest } from './http-server.ts';
import type { RecordStore } from './records.ts';

export interface Dyndns2Account {
  readonly username: string;
  readonly password: string;
  /** Hosts of the account; any if not given. */
  readonly hosts?: readonly string[];
}

/** A dyndns2 server as its documentation says: Basic login, one line a name in order, `nochg` where nothing changes. */
export function answerDyndns2(
  { url, headers }: SeenRequest,
  store: RecordStore,
  account: Dyndns2Account,
): Reply {
  if (url.pathname !== '/nic/update') return { status: 404 };
  if (headers.authorization !== `Basic ${btoa(`${account.username}:${account.password}`)}`)
    return { body: 'badauth' };
  const texts = (url.searchParams.get('hostname') ?? '').split(',').filter((text) => text !== '');
  const addresses = (url.searchParams.get('myip') ?? '').split(',').map(parseAddress);
  if (texts.length === 0 || !addresses.every((address) => address !== undefined)) return { body: 'notfqdn' };
  if (texts.length > 20) return { body: 'numhost' };
  return { body: texts.map((text) => lineFor(text, addresses, store, account)).join('\n') };
}

function lineFor(
  text: string,
  addresses: readonly IpAddress[],
  store: RecordStore,
  { hosts }: Dyndns2Account,
): string {
  const name = parseName(text);
  if (name === undefined) return 'notfqdn';
  if (hosts !== undefined && !hosts.includes(name)) return 'nohost';
  const before = JSON.stringify(store.records);
  for (const address of addresses) store.set({ name, type: recordTypeOf(familyOf(address)) }, [address]);
  return `${JSON.stringify(store.records) === before ? 'nochg' : 'good'} ${addresses.join(',')}`;
}
