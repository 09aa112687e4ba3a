import type { IpAddress } from '../../model/address.ts';
import { outsideAddress } from './soap.ts';
import { childText, findAll, parseXml } from './xml.ts';

/** Seconds asked for; what UDA 2.0 section 4.1.2 recommends as the least. */
const ASKED_SECONDS = 1_800;
/** What a router may grant: shorter would have us renew all the time, longer than a day is not believed. */
const SHORTEST = 60;
const LONGEST = 86_400;
const LONGEST_SID = 256;

export const subscribeHeaders = (callback: string): Record<string, string> => ({
  callback: `<${callback}>`,
  nt: 'upnp:event',
  timeout: `Second-${ASKED_SECONDS}`,
});

export const renewHeaders = (sid: string): Record<string, string> => ({
  sid,
  timeout: `Second-${ASKED_SECONDS}`,
});

/** What a router granted. */
export interface Grant {
  readonly sid: string;
  readonly seconds: number;
}

/** Reads the headers of a 200 answer to SUBSCRIBE; `undefined` without a usable SID. */
export function readGrant(headers: Readonly<Record<string, string>>): Grant | undefined {
  const sid = headers['sid'];
  if (sid === undefined || sid.length > LONGEST_SID || !/^[\x21-\x7e]+$/.test(sid)) return undefined;
  const granted = /^second-(\d{1,9})$/i.exec(headers['timeout']?.trim() ?? '')?.[1];
  // `infinite` was allowed by version 1.0; such a one is renewed like any other.
  const seconds = granted === undefined ? ASKED_SECONDS : Number(granted);
  return { sid, seconds: Math.min(LONGEST, Math.max(SHORTEST, seconds)) };
}

/** What an event says of the outside address: nothing, that there is none, or this one. */
export type EventAddress = IpAddress | 'none' | 'not_said';

/** Reads the body of a NOTIFY (UDA 2.0 section 4.3.2); `undefined` if it is none. Never throws. */
export function readEvent(body: string): EventAddress | undefined {
  const root = parseXml(body);
  if (root?.name !== 'propertyset') return undefined;
  for (const property of findAll(root, 'property')) {
    const text = childText(property, 'ExternalIPAddress');
    if (text !== undefined) return outsideAddress(text);
  }
  return 'not_said';
}
