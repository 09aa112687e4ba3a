import * as z from 'zod';
import { domainName } from '../../config/schema-types.ts';
import { childOf, childrenOf, readXml, textAt, type XmlElement } from '../../net/xml.ts';
import type { Codec } from '../rest/codec.ts';
import type { Refusal } from '../rest/refusal.ts';

/** A form there, XML back. https://www.namecheap.com/support/api/intro/ */
export const codec: Codec = {
  writes: 'application/x-www-form-urlencoded',
  encode: (body) => new URLSearchParams(body as Record<string, string>).toString(),
  accept: 'application/xml, text/xml',
  reads: (type) => /^(?:application|text)\/xml\b/i.test(type),
  decode: (text) => {
    const root = readXml(text);
    if (root.name !== 'ApiResponse') throw new Error('no ApiResponse');
    return root;
  },
};

/** `Status="ERROR"` comes with HTTP status 200, and numbered errors. */
export function refusalOf(body: unknown): Refusal | undefined {
  const root = body as XmlElement | undefined;
  const errors = childrenOf(childOf(root, 'Errors'), 'Error');
  if (root === undefined || (root.attributes['Status'] === 'OK' && errors.length === 0)) return undefined;
  const code = errors[0]?.attributes['Number'];
  const message = errors.map((error) => error.text.trim()).join('; ');
  return code === undefined ? { message } : { code, message };
}

/** What a command answers, if it has succeeded; of everything else nothing is left, so that no schema takes it. */
function responseIn(body: unknown): XmlElement | undefined {
  const root = body as XmlElement | undefined;
  return root?.attributes['Status'] === 'OK' ? childOf(root, 'CommandResponse') : undefined;
}

const text = z.string();
const yesNo = z.enum(['true', 'false']).transform((word) => word === 'true');
const host = z.object({
  Name: text,
  Type: text,
  Address: text,
  MXPref: text.default('10'),
  TTL: z.coerce.number().int(),
  IsActive: yesNo.default(true),
  IsDDNSEnabled: yesNo.default(false),
  // What the console shows of a host. Not among the documented parameters, but recorded as given and taken back.
  AssociatedAppTitle: text.default(''),
  FriendlyName: text.default(''),
});
export type Host = z.output<typeof host>;

const zone = z.object({ IsUsingOurDNS: yesNo, EmailType: text.default('') });
export interface HostList extends z.output<typeof zone> {
  readonly hosts: readonly Host[];
}

const attributesOf = (element: XmlElement) => element.attributes;

/** https://www.namecheap.com/support/api/methods/domains-dns/get-hosts/ (which writes `Host` where the service sends `host`). */
export const hostList = z
  .preprocess(
    (body) => {
      const result = childOf(responseIn(body), 'DomainDNSGetHostsResult');
      return { zone: result?.attributes, hosts: childrenOf(result, 'host').map(attributesOf) };
    },
    z.object({ zone, hosts: z.array(host) }),
  )
  .transform(({ zone: about, hosts }): HostList => ({ ...about, hosts }));

/** https://www.namecheap.com/support/api/methods/domains-dns/set-hosts/ */
export const hostsSet = z.preprocess(
  (body) => childOf(responseIn(body), 'DomainDNSSetHostsResult')?.attributes,
  z.object({ IsSuccess: z.literal('true') }),
);

/** https://www.namecheap.com/support/api/methods/domains/get-list/ */
export const domainPage = z.preprocess(
  (body) => {
    const response = responseIn(body);
    const paging = childOf(response, 'Paging');
    const [total, page, size] = ['TotalItems', 'CurrentPage', 'PageSize'].map((name) => textAt(paging, name));
    const domains = childrenOf(childOf(response, 'DomainGetListResult'), 'Domain').map(attributesOf);
    return { domains, total, page, size };
  },
  z.object({
    domains: z.array(z.object({ Name: domainName(), IsOurDNS: yesNo.default(true) })),
    total: z.coerce.number().int(),
    page: z.coerce.number().int(),
    size: z.coerce.number().int().positive(),
  }),
);
