import * as z from 'zod';
import { domainName, listenAddress, ttl } from '../../config/schema-types.ts';

const asList = (input: unknown): unknown => (Array.isArray(input) ? input : [input]);

const plainName = () =>
  domainName().refine((name) => !name.startsWith('*.'), { error: 'cannot be a wildcard' });

export const embeddedOptions = z.strictObject({
  listen: z.preprocess(asList, z.array(listenAddress()).min(1)).prefault('127.0.0.1:15353').meta({
    description: 'Where to answer, over UDP and TCP alike: one address with a port, or a list of them.',
  }),
  zone: z.preprocess(asList, z.array(plainName()).min(1)).optional().meta({
    description:
      'The zone (or zones) the records are in. Without it, each record is a zone of its own, with the records below it.',
  }),
  ns: plainName().optional().meta({
    description: 'The name server named in NS and SOA. Without it, the first record of the zone.',
  }),
  ttl: ttl().prefault(5).meta({ description: 'Time to live of every answer, the negative ones included.' }),
  rate_limit: z
    .int()
    .min(1)
    .max(1_000_000)
    .prefault(200)
    .meta({ description: 'Answers a second over UDP to one network (IPv4 /24, IPv6 /56).' }),
});

export type EmbeddedOptions = z.output<typeof embeddedOptions>;
