import type { Provider } from '../contract.ts';
import { outsideZone } from '../outside-zone.ts';
import { type Rfc2136Options, rfc2136Options } from './options.ts';
import { createRfc2136 } from './sink.ts';

export { createRfc2136 } from './sink.ts';

export const rfc2136: Provider<Rfc2136Options> = {
  name: 'rfc2136',
  title: 'DNS UPDATE (RFC 2136) with TSIG: BIND, Knot, PowerDNS, Windows and others',
  documentation: 'https://www.rfc-editor.org/rfc/rfc2136',
  credentials:
    'Make a key on the server with `tsig-keygen NAME` and allow it in the zone with update-policy (BIND) or an ACL (Knot, PowerDNS).',
  options: rfc2136Options,
  traits: {
    batch: Number.POSITIVE_INFINITY,
    multiple: true,
    creates: true,
    families: 'one',
    minimumGap: 0,
    bindable: false,
  },
  example: `provider: rfc2136
server: ns1.example.org
zone: example.org
key:
  name: netdrift.example.org
  secret: { file: /run/secrets/tsig }
`,
  check: ({ zone }, keys) => outsideZone(zone, keys),
  create: createRfc2136,
};
