import { domainName, httpUrl } from '../../config/schema-types.ts';
import type { Fqdn } from '../../model/name.ts';

/** Options every REST provider has beside its own. */
export interface RestOptions {
  /** Where the API is, if not at its documented address: a test server, a gateway. */
  readonly endpoint?: URL | undefined;
  /** The zone all records of the sink are in; spares looking for it, and needs fewer rights. */
  readonly zone?: Fqdn | undefined;
}

/** To be spread into a provider's own strict zod object. */
export const restOptions = {
  endpoint: httpUrl().optional().meta({ description: 'Where the API is, if not at its documented address.' }),
  zone: domainName().optional().meta({
    description: 'The zone all records of the sink are in. Spares looking for it, and needs fewer rights.',
  }),
};

/** The base for paths: the operator's endpoint, or the documented one. */
export const baseOf = (options: RestOptions, documented: string): string =>
  (options.endpoint?.href ?? documented).replace(/\/+$/, '');
