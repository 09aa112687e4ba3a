import * as z from 'zod';
import { httpUrl, secret } from '../../config/schema-types.ts';
import type { Secret } from '../../config/secret.ts';
import { isLoopbackHost } from '../../net/http-words.ts';

/** How addresses go to the server; see the descriptions of the schema. */
export type FamilyStyle = 'combined' | 'separate_parameter' | 'separate_requests';

export interface Dyndns2Options {
  readonly server: URL;
  readonly path: string;
  readonly username: string;
  readonly password: Secret;
  readonly names_per_request: number;
  readonly families: FamilyStyle;
  readonly ipv6_parameter: string;
  readonly keep_word?: string | undefined;
  readonly other_family?: 'omit' | 'known' | 'both' | undefined;
  readonly single_family?: boolean | undefined;
  readonly insecure_http: boolean;
}

const shape = z.strictObject({
  server: httpUrl().meta({
    description: 'The update server, such as https://members.dyndns.org; without a path.',
  }),
  path: z
    .string()
    .regex(/^\/[!-~]*$/, 'must begin with / and hold no spaces')
    .default('/nic/update')
    .meta({
      description: 'Path of the update request. Parameters the server wants besides may follow a "?".',
    }),
  username: z
    .string()
    .min(1)
    // RFC 7617 section 2: what stands before the first colon is the user.
    .regex(/^[^:]*$/, 'must not hold a colon')
    .meta({ description: 'User, account or host, as the provider says.' }),
  password: secret().meta({ description: 'Password or update key.' }),
  names_per_request: z
    .int()
    .min(1)
    .max(100)
    .default(20)
    .meta({ description: 'Names in one request. The protocol allows 20; some servers take one only.' }),
  families: z.enum(['combined', 'separate_parameter', 'separate_requests']).default('combined').meta({
    description:
      'How IPv6 goes: combined (myip=v4,v6), separate_parameter (a parameter of its own), separate_requests (one request a family).',
  }),
  ipv6_parameter: z
    .string()
    .regex(/^\w+$/)
    .default('myipv6')
    .meta({ description: 'Name of the IPv6 parameter with families: separate_parameter.' }),
  keep_word: z.string().regex(/^\w+$/).optional().meta({
    description:
      'With families: separate_parameter, the word that tells the server to leave a family alone (Dynu: no, deSEC: preserve). Without it that parameter is left out.',
  }),
  // Without a default here: what a sink is known by in the state must not change because a newer netdrift has one key more.
  other_family: z.enum(['omit', 'known', 'both']).optional().meta({
    description:
      'What is sent for the family that does not change: its address where it is known (known, the default with one request for both families), its address or nothing at all (both, for servers that remove what is left out, as Dyn does), or nothing (omit).',
  }),
  single_family: z.boolean().optional().meta({
    description:
      'With other_family: both, true if the names have one family only; that the server removes the other one is meant.',
  }),
  insecure_http: z
    .boolean()
    .default(false)
    .meta({ description: 'Allow a server without TLS: everybody on the way can read the password.' }),
});

/**
 * Basic authentication shows the password to everybody on the path of an unencrypted request. So http:// is taken for
 * loopback (tests, a local relay) and else only if the operator says that this is what they want.
 */
export const dyndns2Options: z.ZodType<Dyndns2Options> = shape
  .refine(
    ({ server, insecure_http }) =>
      server.protocol === 'https:' || insecure_http || isLoopbackHost(server.hostname),
    {
      path: ['server'],
      message: 'would send the password unencrypted',
      params: {
        remedy: 'write https://, or set insecure_http: true if the server has no TLS and you accept that',
      },
    },
  )
  .refine(({ server }) => server.pathname === '/' && server.search === '', {
    path: ['server'],
    message: 'holds a path',
    params: { remedy: 'write the scheme and host only, and the rest under path' },
  })
  .refine(({ keep_word, families }) => keep_word === undefined || families === 'separate_parameter', {
    path: ['keep_word'],
    message: 'has no effect here',
    params: { remedy: 'set families: separate_parameter, or take keep_word out' },
  })
  .refine(({ other_family, families }) => other_family === undefined || families !== 'separate_requests', {
    path: ['other_family'],
    message: 'has no effect here',
    params: { remedy: 'take it out: with families: separate_requests each family goes by itself' },
  })
  .refine(({ other_family, keep_word }) => other_family === undefined || keep_word === undefined, {
    path: ['other_family'],
    message: 'contradicts keep_word',
    params: { remedy: 'take one of the two out: a word keeps the other family, or its address is sent' },
  })
  .refine(({ other_family, single_family }) => single_family === undefined || other_family === 'both', {
    path: ['single_family'],
    message: 'has no effect here',
    params: { remedy: 'set other_family: both, or take single_family out' },
  });
