import { now, pause } from '../../test/lab/support/moment.ts';
import { bestPace, type Cell, type Measure, measured, seconds } from './measure.ts';
import { KINDS, type Kind } from './outage-kinds.ts';
import type { Place } from './place.ts';

/** Seconds that each outage lasts. */
const LENGTH = 60;
/** Seconds after it in which the right publication is waited for: inadyn rests for 600 s after an error that the provider answers. */
const PATIENCE = 640;
/** Milliseconds after a publication, so that netdrift's own `minimum_gap` of 5 s plays no part. */
const REST = 6_000;

const outageOf = (kind: Kind): Measure => ({
  name: 'outage',
  rows: [
    {
      title: `Outage, ${kind.title}: its end → right publication${kind.seen ? '; tries during it' : ''}`,
      ...(kind === KINDS[0] && {
        note: `Outages of ${LENGTH} s with an address change in the middle. netdrift at its defaults; ddclient at 60 s and inadyn at 1 s, which makes them faster than they come. ddclient looks once in the outage, at three quarters of it; inadyn rests for 10 min after an error that the provider answers. Tries are connections, or requests where one connection carries several. The provider is given by its address; by its name where name servers are what fails.`,
      }),
    },
  ],
  alone: () => false,
  place: (client) => ({ pace: bestPace(client), byName: kind.byName === true }),
  run: async (client, place) => {
    const interval = (client.interval[bestPace(client)] ?? 0) * 1_000;
    return [await cellOf(kind, interval, place)];
  },
});

async function cellOf(kind: Kind, interval: number, place: Place): Promise<Cell> {
  const length = LENGTH * 1_000;
  const first = await place.settle();
  await countTries(place);
  const start = first.at + Math.max(REST, interval - 0.75 * length);
  await pause(start - now());
  const known = place.provider.updates.mark();
  await kind.begin(place);
  await pause(start + length / 2 - now());
  await place.change();
  await pause(start + length - now());
  const requests = place.provider.updates.items.slice(known);
  if (requests.some(({ accepted }) => accepted)) throw new Error('something was published during the outage');
  const tries = Math.max(await readTries(place), requests.length);
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

/** Takes down the port of each attempt to connect: also of those that are refused, and once where the kernel repeats it. */
const countTries = ({ network, provider }: Place): Promise<void> =>
  network.outside.nft(`
    table inet counted {
      set tries {
        type inet_service
        flags dynamic
      }
      chain in {
        type filter hook input priority -10
        tcp dport ${provider.port} tcp flags & (syn | ack) == syn add @tries { tcp sport }
      }
    }`);

async function readTries({ network }: Place): Promise<number> {
  const { stdout } = await network.outside.run(['nft', '--json', 'list', 'set', 'inet', 'counted', 'tries']);
  const { nftables } = JSON.parse(stdout) as {
    readonly nftables: ReadonlyArray<{ readonly set?: { readonly elem?: readonly unknown[] } }>;
  };
  const set = nftables.find((one) => one.set !== undefined)?.set;
  if (set === undefined) throw new Error(`nft shows no set: ${stdout}`);
  return set.elem?.length ?? 0;
}

export const outages: readonly Measure[] = KINDS.map(outageOf);
