import type { FuzzTarget } from './support/target.ts';
import { controlTargets } from './targets/control.ts';
import { dnsTargets } from './targets/dns.ts';
import { fileTargets } from './targets/files.ts';
import { hostTargets } from './targets/host.ts';
import { providerTargets } from './targets/providers.ts';
import { rfc2136Targets } from './targets/rfc2136.ts';
import { routerTargets } from './targets/router.ts';
import { stunTargets } from './targets/stun.ts';
import { toolTargets } from './targets/tools.ts';
import { witnessTargets } from './targets/witnesses.ts';

/** Every reader of what others write: the network, the operating system, a file, a provider. */
export const targets: readonly FuzzTarget[] = [
  ...dnsTargets,
  ...stunTargets,
  ...routerTargets,
  ...hostTargets,
  ...witnessTargets,
  ...fileTargets,
  ...controlTargets,
  ...rfc2136Targets,
  ...providerTargets,
  ...toolTargets,
];
