import type { FuzzTarget } from './support/target.ts';
import { carrierTargets } from './targets/carriers.ts';
import { childTargets } from './targets/children.ts';
import { controlTargets } from './targets/control.ts';
import { dnsTargets } from './targets/dns.ts';
import { exchangeTargets } from './targets/exchanges.ts';
import { fileTargets } from './targets/files.ts';
import { gatewayTargets } from './targets/gateways.ts';
import { hostTargets } from './targets/host.ts';
import { linuxTargets } from './targets/linux.ts';
import { lookupTargets } from './targets/lookups.ts';
import { providerTargets } from './targets/providers.ts';
import { rfc2136Targets } from './targets/rfc2136.ts';
import { routerTargets } from './targets/router.ts';
import { stunTargets } from './targets/stun.ts';
import { surroundingTargets } from './targets/surroundings.ts';
import { toolTargets } from './targets/tools.ts';
import { witnessTargets } from './targets/witnesses.ts';

/** Every reader of what others write: the network, the operating system, a file, a provider. */
export const targets: readonly FuzzTarget[] = [
  ...dnsTargets,
  ...stunTargets,
  ...routerTargets,
  ...exchangeTargets,
  ...carrierTargets,
  ...hostTargets,
  ...linuxTargets,
  ...gatewayTargets,
  ...childTargets,
  ...surroundingTargets,
  ...witnessTargets,
  ...fileTargets,
  ...controlTargets,
  ...rfc2136Targets,
  ...lookupTargets,
  ...providerTargets,
  ...toolTargets,
];
