import { alibaba, aws, tencent } from './amazon-like.ts';
import type { Cloud } from './contract.ts';
import { azure, digitalocean, google, hetzner, openstack, oracle } from './documents.ts';

/** OpenStack last: others build on it, and keep some of its marks. */
export const clouds: readonly Cloud[] = [
  aws,
  alibaba,
  google,
  azure,
  oracle,
  digitalocean,
  hetzner,
  tencent,
  openstack,
];
