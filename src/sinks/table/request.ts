import { relativeName } from '../../model/name.ts';
import type { HttpRequest } from '../../net/http.ts';
import { type Batch, sentIn } from './batches.ts';
import type { Account } from './checks.ts';
import { type Encode, fill, forUrl, plain, type Values } from './placeholders.ts';
import type { Service } from './service.ts';

// 100 names of 253 characters repeated, with room for words.
const MAX_ANSWER = 65_536;

/** The request for one batch. A parameter that names what has no value now is left out. */
export function requestOf(batch: Batch, service: Service, account: Account): HttpRequest {
  const values = valuesOf(batch, service, account);
  const apart = service.families === 'separate' && batch.addresses.ipv6 !== undefined;
  const template = apart ? (service.ipv6_url ?? service.url) : service.url;
  const url = new URL(filled(template, values, forUrl));
  const pairs = Object.entries(service.parameters).flatMap(([name, text]) => {
    const value = fill(text, values, forUrl);
    return value === undefined ? [] : [`${encodeURIComponent(name)}=${value}`];
  });
  const headers = headersOf(service, values);
  if (service.method === 'POST') {
    const form = { ...headers, 'content-type': 'application/x-www-form-urlencoded' };
    return { method: 'POST', url, headers: form, body: pairs.join('&'), maxBytes: MAX_ANSWER };
  }
  url.search = [url.search.slice(1), ...pairs].filter((part) => part !== '').join('&');
  return { method: 'GET', url, headers, maxBytes: MAX_ANSWER };
}

function headersOf({ headers, basic }: Service, values: Values): Record<string, string> {
  const filledIn: Record<string, string> = {};
  for (const [name, text] of Object.entries(headers))
    filledIn[name.toLowerCase()] = filled(text, values, plain);
  if (basic !== undefined)
    filledIn['authorization'] = `Basic ${Buffer.from(pairOf(basic, values)).toString('base64')}`;
  return filledIn;
}

/** User and password as they go into Basic authentication; kept out of messages as a whole. */
export const pairOf = (basic: NonNullable<Service['basic']>, values: Values): string =>
  `${filled(basic.username, values, plain)}:${filled(basic.password, values, plain)}`;

export function valuesOf(batch: Batch, service: Service, account: Account): Values {
  const { zone, clear, other_family } = service;
  const [name] = batch.names;
  const sent = sentIn(batch);
  const keep = typeof other_family === 'object' ? other_family.word : undefined;
  const textOf = (family: 'ipv4' | 'ipv6') => {
    const address = batch.addresses[family];
    return address === null ? clear : (address ?? keep);
  };
  const hosts = zone === undefined ? [] : batch.names.map((each) => relativeName(each, zone));
  return {
    name,
    names: batch.names.join(','),
    host: hosts[0],
    hosts: zone === undefined ? undefined : hosts.join(','),
    zone,
    ipv4: textOf('ipv4'),
    ipv6: textOf('ipv6'),
    address: sent[0] ?? clear,
    addresses: sent.length === 0 ? undefined : sent.join(','),
    username: account.username,
    password: account.password?.reveal(),
    token: account.token?.reveal(),
  };
}

/** For places that cannot be left out; the checks have seen to it that their credentials are there. */
function filled(template: string, values: Values, encode: Encode): string {
  const text = fill(template, values, encode);
  if (text === undefined) throw new TypeError(`a value is missing for ${template}`);
  return text;
}
