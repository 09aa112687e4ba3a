import * as z from 'zod';
import { secret } from '../../config/schema-types.ts';
import { restOptions } from '../rest/options.ts';

export const options = z.strictObject({
  access_key_id: z.string().min(1),
  secret_access_key: secret(),
  session_token: secret().optional().meta({ description: 'Of temporary credentials.' }),
  ...restOptions,
  region: z.string().default('us-east-1').meta({
    description: 'For the signature. Only AWS China and GovCloud want another, with another endpoint.',
  }),
  private_zone: z
    .boolean()
    .default(false)
    .meta({ description: 'Private hosted zones instead of public ones.' }),
  zone_id: z
    .string()
    .regex(/^\w+$/)
    .optional()
    .meta({ description: 'The hosted zone, where several have the same name.' }),
  wait: z.boolean().default(false).meta({
    description:
      'A write is done only when all servers of Route 53 have it (INSYNC), which takes about a minute. A removal is waited for a few seconds only.',
  }),
});
export type Options = z.output<typeof options>;
