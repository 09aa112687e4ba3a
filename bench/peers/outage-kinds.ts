import type { Place } from './place.ts';
import type { Conduct } from './provider.ts';

/** One way in which a provider cannot be reached, or does not do its work. */
export interface Kind {
  readonly title: string;
  /** False if nothing that a client tries can be seen from outside. */
  readonly seen: boolean;
  /** The client has to ask a name server for the provider. */
  readonly byName?: boolean;
  begin(place: Place): Promise<void>;
  end(place: Place): Promise<void>;
}

/** The gateway and all that is beyond it are one namespace here: what it would not forward is what does not come in. */
const filtered = (rule: (place: Place) => string): Pick<Kind, 'begin' | 'end'> => ({
  begin: (place) =>
    place.network.outside.nft(`
      table inet outage {
        chain in {
          type filter hook input priority 0
          ${rule(place)}
        }
      }`),
  end: ({ network }) => network.outside.nft('delete table inet outage'),
});

const misbehaving = (conduct: Conduct): Pick<Kind, 'begin' | 'end'> => ({
  begin: ({ provider }) => provider.behave(conduct),
  end: ({ provider }) => provider.behave('well'),
});

export const KINDS: readonly Kind[] = [
  {
    title: 'provider refuses connections',
    seen: true,
    ...filtered(({ provider }) => `tcp dport ${provider.port} reject with tcp reset`),
  },
  { title: 'provider takes requests and never answers', seen: true, ...misbehaving('never answers') },
  { title: 'provider answers 503', seen: true, ...misbehaving('answers 503') },
  {
    title: 'packets swallowed beyond the gateway',
    seen: true,
    ...filtered(({ network }) => `ip daddr != ${network.server} drop`),
  },
  {
    title: 'router says unreachable',
    seen: true,
    ...filtered(({ network }) => `ip daddr != ${network.server} reject with icmp type host-unreachable`),
  },
  {
    title: 'default route gone',
    seen: false,
    begin: async ({ network }) => void (await network.host.ip('route del default')),
    end: ({ network }) => network.host.defaultRoute(network.server, { device: 'eth0' }),
  },
  {
    // At its other end: a device that is taken down by hand loses its routes, too.
    title: 'cable out',
    seen: false,
    begin: ({ network }) => network.outside.link('eth0', 'down'),
    end: ({ network }) => network.outside.link('eth0', 'up'),
  },
  {
    title: 'name servers do not answer',
    seen: false,
    byName: true,
    ...misbehaving('answers no question for a name'),
  },
];
