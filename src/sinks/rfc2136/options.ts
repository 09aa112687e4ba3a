import * as z from 'zod';
import { domainName, hostPort, secret, ttl } from '../../config/schema-types.ts';
import { TSIG_ALGORITHMS, type TsigKey } from '../../net/dns/tsig.ts';
import { ownerOptions } from '../ownership.ts';

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

const key = z.strictObject({
  name: domainName().meta({ description: 'The name of the key, as the server knows it.' }),
  algorithm: z
    .enum(TSIG_ALGORITHMS)
    .prefault('hmac-sha256')
    .meta({ description: 'The algorithm of the key, as the server knows it.' }),
  secret: secret()
    .refine((value) => BASE64.test(value.reveal()) && value.reveal() !== '', {
      error: 'is not base64',
      params: { remedy: 'copy the text after `secret` from the output of tsig-keygen', secret: true },
    })
    .meta({ description: 'The secret in base64, as tsig-keygen prints it.' }),
});

const fields = z.strictObject({
  server: hostPort(53).optional().meta({
    description: "The server that takes updates. Without it, the primary named in the zone's SOA record.",
  }),
  zone: domainName().optional().meta({
    description: 'The zone all records are in. Without it, each record is asked for its zone (SOA).',
  }),
  resolver: hostPort(53).optional().meta({
    description: 'Whom to ask for zone and primary. Without it, `server`, else the resolvers of this host.',
  }),
  key: key.optional().meta({ description: 'The TSIG key that signs updates and proves the answers.' }),
  ttl: ttl().prefault(60).meta({ description: 'Time to live of records that did not exist before.' }),
  verify: z.boolean().prefault(true).meta({
    description:
      'Read what the server holds first, and write only if it is still so. Turn it off if the server takes updates but refuses queries.',
  }),
  transport: z.enum(['auto', 'tcp']).prefault('auto').meta({
    description: 'auto: UDP, and TCP where a message is too long for it or nobody answers. tcp: always TCP.',
  }),
  ...ownerOptions,
});

export const rfc2136Options = fields.refine(({ owner, verify }) => owner === undefined || verify, {
  path: ['owner'],
  error: 'needs verify: true, since marks must be read',
  params: { remedy: 'remove verify: false, or owner' },
});

export type Rfc2136Options = z.output<typeof rfc2136Options>;

export function tsigKey(options: Pick<Rfc2136Options, 'key'>): TsigKey | undefined {
  if (options.key === undefined) return undefined;
  const { name, algorithm, secret } = options.key;
  return { name, algorithm, secret: Uint8Array.from(Buffer.from(secret.reveal(), 'base64')) };
}
