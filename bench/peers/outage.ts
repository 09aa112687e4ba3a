import { now, pause } from '../../test/lab/support/moment.ts';
import { bestPace, type Cell, type Measure, measured, type Options, seconds } from './measure.ts';
import type { Place } from './place.ts';

interface Kind {
  readonly title: string;
  /** False if nothing that a client tries can be seen from outside. */
  readonly seen: boolean;
  begin(place: Place): Promise<void>;
  end(place: Place): Promise<void>;
}

/** Seconds that the outage lasts, and how long after it the right publication is waited for. */
const LENGTH = { short: 30, full: 60 };
const PATIENCE = 400;
/** Milliseconds after a publication, so that netdrift's own `minimum_gap` of 5 s plays no part. */
const REST = 6_000;

const KINDS: readonly Kind[] = [
  {
    title: 'provider refuses connections',
    seen: true,
    begin: ({ network, provider }) =>
      network.outside.nft(`
        table inet outage {
          chain in {
            type filter hook input priority 0
            tcp dport ${provider.port} reject with tcp reset
          }
        }`),
    end: ({ network }) => network.outside.nft('delete table inet outage'),
  },
  {
    title: 'provider takes requests and never answers',
    seen: true,
    begin: ({ provider }) => provider.behave('never answers'),
    end: ({ provider }) => provider.behave('well'),
  },
  {
    title: 'default route gone',
    seen: false,
    begin: async ({ network }) => void (await network.host.ip('route del default')),
    end: ({ network }) => network.host.defaultRoute(network.server, { device: 'eth0' }),
  },
];

const outageOf = (kind: Kind): Measure => ({
  name: 'outage',
  rows: [
    {
      title: `Outage, ${kind.title}: its end → right publication${kind.seen ? '; tries during it' : ''}`,
      ...(kind === KINDS[0] && {
        note: `Outages of ${LENGTH.short} s (${LENGTH.full} s with \`--full\`) with an address change in the middle. netdrift at its defaults; ddclient at 60 s and inadyn at 1 s, which makes them faster than they come. A ddclient whose look falls into the outage is shown (at three quarters of it), for one that does not look then does not notice. Tries are connections, or requests where one connection carries several. DNS is not used.`,
      }),
    },
  ],
  alone: () => false,
  place: (client) => ({ pace: bestPace(client) }),
  run: async (client, place, options) => {
    const interval = (client.interval[bestPace(client)] ?? 0) * 1_000;
    return [await cellOf(kind, interval, place, options)];
  },
});

async function cellOf(kind: Kind, interval: number, place: Place, { full }: Options): Promise<Cell> {
  const length = (full ? LENGTH.full : LENGTH.short) * 1_000;
  const first = await place.settle();
  await countTries(place);
  const start = first.at + Math.max(REST, interval - 0.75 * length);
  await pause(start - now());
  const known = place.provider.updates.mark();
  await kind.begin(place);
  await pause(start + length / 2 - now());
  await place.change();
  await pause(start + length - now());
  const tries = Math.max(await readTries(place), place.provider.updates.items.length - known);
  const ended = now();
  await kind.end(place);
  const during = kind.seen ? `; ${tries} ${tries === 1 ? 'try' : 'tries'}` : '';
  const update = await place.published(ended, PATIENCE * 1_000).catch(() => undefined);
  if (update !== undefined) {
    const late = (update.at - ended) / 1_000;
    return measured(`${seconds(late)}${during}`, late, [late, tries]);
  }
  const state = place.process.running ? `not within ${PATIENCE} s` : 'never: it has ended itself';
  return { how: 'measured', text: `${state}${during}` };
}

/** Counts attempts to connect, also those that are refused. */
const countTries = ({ network, provider }: Place): Promise<void> =>
  network.outside.nft(`
    table inet counted {
      counter tries { }
      chain in {
        type filter hook input priority -10
        tcp dport ${provider.port} tcp flags & (syn | ack) == syn counter name tries
      }
    }`);

async function readTries({ network }: Place): Promise<number> {
  const { stdout } = await network.outside.run(['nft', 'list', 'counters']);
  const found = /packets (\d+)/.exec(stdout);
  if (found === null) throw new Error(`nft shows no counter: ${stdout}`);
  return Number(found[1]);
}

export const outages: readonly Measure[] = KINDS.map(outageOf);
