import * as z from 'zod';
import { domainName, httpUrl } from '../../config/schema-types.ts';
import type { Fqdn } from '../../model/name.ts';
import { type OwnerOptions, ownerOptions } from '../ownership.ts';

/** Options every REST provider has beside its own. */
export interface RestOptions extends OwnerOptions {
  /** Where the API is, if not at its documented address: a test server, a gateway. */
  readonly endpoint?: URL | undefined;
  /** The zone all records of the sink are in; spares looking for it, and needs fewer rights. */
  readonly zone?: Fqdn | undefined;
  /** False: a record set that is not there is left so; only what the operator has made is changed. Default true. */
  readonly create?: boolean | undefined;
  /** Sinks of this provider with the same name here count their requests together, whatever their credentials. */
  readonly shared_limits?: string | undefined;
}

/** To be spread into a provider's own strict zod object. */
export const restOptions = {
  endpoint: httpUrl().optional().meta({ description: 'Where the API is, if not at its documented address.' }),
  zone: domainName().optional().meta({
    description: 'The zone all records of the sink are in. Spares looking for it, and needs fewer rights.',
  }),
  create: z.boolean().optional().meta({
    description:
      'false: change only records that are there already, never make new ones. Left out, they are made.',
  }),
  shared_limits: z
    .string()
    .regex(/^[\w.-]{1,32}$/)
    .optional()
    .meta({
      description:
        "A name of your own for the account. Sinks of one token share the provider's request limits anyway; those with the same name here do so too, for a provider that counts by account while each sink has a token of its own.",
    }),
  ...ownerOptions,
};

/** The base for paths: the operator's endpoint, or the documented one. */
export const baseOf = (options: RestOptions, documented: string): string =>
  (options.endpoint?.href ?? documented).replace(/\/+$/, '');
