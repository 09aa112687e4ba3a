import { readGrant, renewHeaders, subscribeHeaders } from '../../net/upnp/gena.ts';
import { lanExchange } from '../../net/upnp/lan-http.ts';
import type { Gateway } from './gateway.ts';
import type { RouterNetwork } from './network.ts';

/** A subscription that the router granted. */
export interface Subscribed {
  readonly place: URL;
  readonly sid: string;
  readonly seconds: number;
}

export type SubscribeAnswer =
  | { readonly kind: 'granted'; readonly subscribed: Subscribed }
  | { readonly kind: 'failed'; readonly why: string };

/** UDA 2.0 section 4.1.2. Rejects only with the signal's reason. */
export async function subscribe(
  gateway: Gateway,
  { place, callback }: { readonly place: URL; readonly callback: string },
  network: RouterNetwork,
  signal: AbortSignal,
): Promise<SubscribeAnswer> {
  const { localAddress } = gateway;
  const headers = subscribeHeaders(callback);
  const wanted = {
    method: 'SUBSCRIBE',
    url: place,
    headers,
    localAddress,
    deadline: network.deadline,
    signal,
  } as const;
  const answer = await lanExchange(wanted, network);
  if (answer.kind === 'failed') return answer;
  if (answer.status !== 200) return { kind: 'failed', why: `status ${answer.status}` };
  const grant = readGrant(answer.headers);
  return grant === undefined
    ? { kind: 'failed', why: 'an answer without a usable SID' }
    : { kind: 'granted', subscribed: { place, ...grant } };
}

/** `undefined` if the router does not know it any more (412) or is not there. */
export async function renew(
  gateway: Gateway,
  held: Subscribed,
  network: RouterNetwork,
  signal: AbortSignal,
): Promise<Subscribed | undefined> {
  const { localAddress } = gateway;
  const headers = renewHeaders(held.sid);
  const wanted = {
    method: 'SUBSCRIBE',
    url: held.place,
    headers,
    localAddress,
    deadline: network.deadline,
    signal,
  } as const;
  const answer = await lanExchange(wanted, network);
  if (answer.kind === 'failed' || answer.status !== 200) return undefined;
  // Some routers answer a renewal without repeating the SID.
  const grant = readGrant({ sid: held.sid, ...answer.headers });
  return grant?.sid === held.sid ? { ...held, seconds: grant.seconds } : undefined;
}

/** Milliseconds: nobody waits for it, and it must not keep a process that ends. */
const FAREWELL = 1_000;

/** Best effort, bounded; never rejects. A router that misses it drops the subscription when its time is over. */
export async function unsubscribe(gateway: Gateway, held: Subscribed, network: RouterNetwork): Promise<void> {
  await lanExchange(
    {
      method: 'UNSUBSCRIBE',
      url: held.place,
      headers: { sid: held.sid },
      localAddress: gateway.localAddress,
      deadline: FAREWELL,
      signal: new AbortController().signal,
    },
    network,
  );
}
