import type { Family } from '../../../model/family.ts';
import type { HttpAnswer } from '../../../net/http.ts';
import type { Firmware } from './firmware.ts';

export const CLOUDS = [
  'aws',
  'alibaba',
  'google',
  'azure',
  'oracle',
  'digitalocean',
  'hetzner',
  'tencent',
  'openstack',
] as const;

/** As the option `cloud` has it. */
export type CloudName = (typeof CLOUDS)[number];

/** How one cloud tells an instance its public addresses. */
export interface Cloud {
  readonly name: CloudName;
  readonly operator: string;
  /** Where its metadata service answers, by literal address and to this machine alone. The IPv6 one is for instances without IPv4. */
  readonly endpoints: { readonly ipv4: string; readonly ipv6?: string };
  /** The families whose public addresses it tells at all. */
  readonly tells: readonly Family[];
  /** The families in which it tells which address is which card's; in the others it tells the first card's, or all alike. */
  readonly cards: readonly Family[];
  /** True if the firmware of this machine says that it is one of this cloud's. */
  readonly owns: (firmware: Firmware) => boolean;
  /**
   * The addresses of the family it names, in its order, as it writes them; none where it says that there is none.
   * @throws Unusable for every answer that its documentation does not foresee
   */
  readonly read: (ask: Ask, family: Family, options: CloudOptions) => Promise<readonly string[]>;
}

export interface CloudOptions {
  /** Ask without a token where the service gives none. */
  readonly tokenless: boolean;
  /** Only of the card with this hardware address, `00:16:3e:0f:aa:bb`; asked for where `cards` has the family. */
  readonly mac?: string;
}

/** True if no card is wanted in particular, or this one is. Clouds write hardware addresses with colons, without, in capitals. */
export function isCard(wanted: string | undefined, mac: unknown): boolean {
  if (wanted === undefined) return true;
  const plain = (text: string): string => text.replaceAll(/[:-]/g, '').toLowerCase();
  return typeof mac === 'string' && plain(mac) === plain(wanted);
}

/** One request to the endpoint. Any status is an answer; rejects as `HttpClient` does. */
export type Ask = (path: string, request?: AskRequest) => Promise<HttpAnswer>;

export interface AskRequest {
  readonly method?: 'GET' | 'PUT';
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that cannot be used; the message says why, for people. */
export class Unusable extends Error {
  override readonly name = 'Unusable';
}
