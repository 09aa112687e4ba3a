import * as z from 'zod';
import { domainName, hostPort, httpUrl } from '../../config/schema-types.ts';
import type { Family } from '../../model/family.ts';
import {
  DNS_PORT,
  DOT_PORT,
  KNOWN_SERVICES,
  knownService,
  offers,
  type WhoamiName,
  type WhoamiService,
} from './dns-services.ts';

const known = z
  .strictObject({
    service: z.enum(KNOWN_SERVICES),
    transport: z.enum(['udp', 'tcp', 'dot', 'doh']).optional(),
  })
  .refine(({ service, transport }) => transport === undefined || offers(service, transport), {
    path: ['transport'],
    message: 'is not offered by this service: it is no resolver, and answers over udp and tcp only',
  });

const question = {
  name: domainName(),
  type: z.enum(['address', 'A', 'AAAA', 'TXT']).optional(),
  class: z.enum(['IN', 'CH']).optional(),
  authoritative: z.boolean().optional(),
  operator: z.string().min(1).optional(),
};

const plain = z.strictObject({
  server: hostPort(DNS_PORT),
  transport: z.enum(['udp', 'tcp']).optional(),
  ...question,
});
const overTls = z.strictObject({
  server: hostPort(DOT_PORT),
  transport: z.literal('dot'),
  tls_name: domainName().optional(),
  ...question,
});
const overHttps = z.strictObject({ url: httpUrl(), transport: z.literal('doh'), ...question });

export const dnsOptions = z.strictObject({
  services: z
    .array(z.union([z.enum(KNOWN_SERVICES), known, plain, overTls, overHttps]))
    .min(1)
    .optional(),
});

export type DnsOptions = z.infer<typeof dnsOptions>;
type Entry = NonNullable<DnsOptions['services']>[number];

/** The services to ask about this family, in order. */
export function servicesOf(options: DnsOptions, family: Family): readonly WhoamiService[] {
  return (options.services ?? KNOWN_SERVICES).map((entry) => serviceOf(entry, family));
}

function serviceOf(entry: Entry, family: Family): WhoamiService {
  if (typeof entry === 'string') return knownService(entry, family);
  if ('service' in entry) return knownService(entry.service, family, entry.transport);
  const asked: WhoamiName = {
    name: entry.name,
    type: entry.type ?? 'address',
    class: entry.class ?? 'IN',
    authoritative: entry.authoritative ?? false,
  };
  if ('url' in entry) {
    const place = { transport: entry.transport, url: entry.url };
    return { question: asked, place, operator: entry.operator ?? entry.url.hostname };
  }
  const { host, port } = entry.server;
  const operator = entry.operator ?? host;
  if (entry.transport !== 'dot') {
    return { question: asked, place: { transport: entry.transport ?? 'tcp', host, port }, operator };
  }
  const tlsName = entry.tls_name === undefined ? {} : { tlsName: entry.tls_name };
  return { question: asked, place: { transport: 'dot', host, port, ...tlsName }, operator };
}
