import { type NatLab, openNat } from '../test/lab/nat-lab.ts';
import { startMiniupnpd } from '../test/lab/router-lab.ts';
import { Lab } from '../test/lab/support/lab.ts';
import { now, pause } from '../test/lab/support/moment.ts';
import { missing } from '../test/lab/support/needs.ts';
import { type Netdrift, startNetdrift } from '../test/lab/support/netdrift.ts';
import { startTurnserver } from '../test/lab/support/turn.ts';
import type { Bench, Figure } from './support/bench.ts';

/** The router lets ten notices pass at once and then one in half a minute; a change takes one or two of them. */
const MOST_NOTICED = 5;
/** Each takes up to 22 s. */
const MOST_WATCHED = 5;
/** Milliseconds of silence that are counted, and what makes a day of them. */
const WINDOW = 120_000;
const DAY = 86_400_000 / WINDOW;

export const nat: Bench = {
  name: 'nat',
  about: 'behind a router: from its new outside address to the confirmed record, and what watching costs',
  missing: () => missing(['named', 'dig', 'miniupnpd', 'turnserver']),
  async run({ runs }) {
    return [
      await noticed(Math.min(runs, MOST_NOTICED)),
      await watched(Math.min(runs, MOST_WATCHED)),
      ...(await idleCost('with notices of the router', true)),
      ...(await idleCost('with the keep-watch', false)),
    ];
  },
};

async function withNat<Result>(work: (nat: NatLab, lab: Lab) => Promise<Result>): Promise<Result> {
  const lab = await Lab.open();
  try {
    const opened = await openNat(lab);
    await startTurnserver(lab, opened.outside, { addresses: [opened.server] });
    return await work(opened, lab);
  } finally {
    await lab.close();
  }
}

/** The n-th outside address, different for each n below 200. */
const outsideAddress = (n: number): string => `203.0.114.${20 + (n % 200)}`;

async function reactions(
  nat: NatLab,
  netdrift: Netdrift,
  runs: number,
  rest: () => number,
): Promise<number[]> {
  const samples: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    await pause(rest());
    const after = netdrift.log.mark();
    const changed = await nat.network.change(outsideAddress(run));
    const line = await netdrift.line({ event: 'record_updated' }, { after, timeout: 60_000 });
    samples.push(line.at - changed);
  }
  return samples;
}

const noticed = (runs: number): Promise<Figure> =>
  withNat(async (nat, lab) => {
    await startMiniupnpd(lab, nat.network);
    const config = nat.config({ watch: { every: '1h', keep_watch: 'off' } });
    const netdrift = startNetdrift(lab, { namespace: nat.network.host, config });
    await netdrift.line({ event: 'router_events_subscribed' }, { timeout: 10_000 });
    await pause(2_500);
    return {
      title: 'told by the router -> record confirmed by BIND',
      unit: 'ms',
      samples: await reactions(nat, netdrift, runs, () => 500),
      target: { median: 1_000 },
      note: `${runs} runs at most; of which 250 ms are the quiet time of \`watch.settle\``,
    };
  });

const watched = (runs: number): Promise<Figure> =>
  withNat(async (nat, lab) => {
    const config = nat.config({ watch: { every: '1h' } });
    const netdrift = startNetdrift(lab, { namespace: nat.network.host, config });
    await netdrift.line({ event: 'keep_watch_started' }, { timeout: 15_000 });
    return {
      title: 'seen by the keep-watch -> record confirmed by BIND',
      unit: 'ms',
      // Changes spread over the interval, as they are in life.
      samples: await reactions(nat, netdrift, runs, () => 1_000 + Math.random() * 20_000),
      target: { max: 26_000 },
      note: `${runs} runs at most; one question in 20 to 22 s`,
    };
  });

const idleCost = (title: string, tells: boolean): Promise<readonly Figure[]> =>
  withNat(async (nat, lab) => {
    if (tells) await startMiniupnpd(lab, nat.network);
    const netdrift = startNetdrift(lab, { namespace: nat.network.host, config: nat.config({ watch: {} }) });
    const event = tells ? 'router_events_subscribed' : 'keep_watch_started';
    await netdrift.line({ event }, { timeout: 15_000 });
    await pause(3_000);
    // What the router carries for the host, IP headers included: nothing else of the lab passes here.
    await nat.network.router.nft(`
      table ip counted {
        counter there { }
        counter back { }
        chain through {
          type filter hook forward priority 10
          oifname "wan" counter name there
          iifname "wan" counter name back
        }
      }`);
    const began = now();
    await pause(WINDOW);
    const { stdout } = await nat.network.router.run(['nft', 'list', 'counters']);
    const [there, back] = ['there', 'back'].map((name) => counted(stdout, name));
    const window = Math.round((now() - began) / 1_000);
    const note = `counted on the router for ${window} s and extrapolated; the fallback timer adds up to 288 detections a day`;
    const bytes = (there?.bytes ?? 0) + (back?.bytes ?? 0);
    return [
      { title: `idle ${title}: requests a day`, unit: 'count', samples: [(there?.packets ?? 0) * DAY], note },
      {
        title: `idle ${title}: bytes a day`,
        unit: 'bytes',
        samples: [bytes * DAY],
        target: { max: 1_000_000 },
      },
    ];
  });

function counted(text: string, name: string): { readonly packets: number; readonly bytes: number } {
  const found = new RegExp(`counter ${name} \\{\\s*packets (\\d+) bytes (\\d+)`).exec(text);
  if (found === null) throw new Error(`nft shows no counter ${name}: ${text}`);
  return { packets: Number(found[1]), bytes: Number(found[2]) };
}
