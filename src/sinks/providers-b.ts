import { azure } from './azure/provider.ts';
import type { Provider } from './contract.ts';
import { dnsimple } from './dnsimple.ts';
import { gandi } from './gandi.ts';
import { godaddy } from './godaddy.ts';
import { google } from './google/provider.ts';
import { linode } from './linode.ts';
import { namecheap } from './namecheap/provider.ts';
import { ovh } from './ovh/provider.ts';
import { porkbun } from './porkbun.ts';
import { powerdns } from './powerdns.ts';
import { vultr } from './vultr.ts';

export const providersB: readonly Provider[] = [
  azure,
  dnsimple,
  gandi,
  godaddy,
  google,
  linode,
  namecheap,
  ovh,
  porkbun,
  powerdns,
  vultr,
];
