import { cloudflare } from './cloudflare.ts';
import { command } from './command/provider.ts';
import type { Provider } from './contract.ts';
import { digitalocean } from './digitalocean.ts';
import { dyndns2 } from './dyndns2/provider.ts';
import { embedded } from './embedded/index.ts';
import { hetzner } from './hetzner.ts';
import { providersA } from './providers-a.ts';
import { providersB } from './providers-b.ts';
import { rfc2136 } from './rfc2136/index.ts';
import { tableProviders } from './table/providers.ts';
import { webhook } from './webhook/provider.ts';

/** Every provider there is: the words that may stand after `provider:`. */
export const providers: readonly Provider[] = [
  cloudflare,
  command,
  digitalocean,
  dyndns2,
  embedded,
  hetzner,
  rfc2136,
  webhook,
  ...providersA,
  ...providersB,
  ...tableProviders,
];
