import { type NatLab, openNat } from '../test/lab/nat-lab.ts';
import { HOST, ROUTER, startMiniupnpd } from '../test/lab/router-lab.ts';
import { Lab } from '../test/lab/support/lab.ts';
import { pause } from '../test/lab/support/moment.ts';
import type { Namespace } from '../test/lab/support/namespace.ts';
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
/** A day's detections by the timer at `watch.every: 5m`, and renewals of a subscription for 30 minutes at half of its time. */
const LOOKS = 288;
const RENEWALS = 96;
/** A silent router is looked for after 30 s, and each time after twice as long, up to 6 h. */
const SEARCHES = 14;
/** Of each of these, and milliseconds until all that belongs to one has been sent. */
const SAMPLES = 5;
const SETTLED = 2_500;

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

/** Packets that the host sent, and bytes of them and of the answers; IP headers included. */
interface Traffic {
  readonly packets: number;
  readonly bytes: number;
}

const idleCost = (title: string, tells: boolean): Promise<readonly Figure[]> =>
  withNat(async (nat, lab) => {
    const { router } = nat.network;
    if (tells) await startMiniupnpd(lab, nat.network);
    const netdrift = startNetdrift(lab, { namespace: nat.network.host, config: nat.config({ watch: {} }) });
    const event = tells ? 'router_events_subscribed' : 'keep_watch_started';
    await netdrift.line({ event }, { timeout: 15_000 });
    await pause(3_000);
    // The router's own multicasts go on without netdrift, so they do not count.
    await router.nft(`
      table ip counted {
        counter asked { }
        counter answered { }
        counter sent { }
        counter received { }
        chain own { type filter hook input priority 10; iifname "lan" ip saddr ${HOST} counter name asked
        }
        chain back { type filter hook output priority 10; oifname "lan" ip daddr ${HOST} counter name answered
        }
        chain through {
          type filter hook forward priority 10
          iifname "lan" ip saddr ${HOST} counter name sent
          oifname "lan" ip daddr ${HOST} counter name received
        }
      }`);
    const total = async (): Promise<Counted> => {
      const { stdout } = await router.run(['nft', 'list', 'counters']);
      const both = (there: string, back: string): Traffic => {
        const { packets, bytes } = counted(stdout, there);
        return { packets, bytes: bytes + counted(stdout, back).bytes };
      };
      return { own: both('asked', 'answered'), through: both('sent', 'received') };
    };
    const during = async (work: () => Promise<unknown>): Promise<Counted> => {
      const before = await total();
      await work();
      const after = await total();
      return { own: minus(after.own, before.own), through: minus(after.through, before.through) };
    };
    // The timer (5 min) and the renewals (15 min) do not fall into the window: each is made to happen, and counted by itself.
    const quiet = await during(() => pause(WINDOW));
    const looks = await during(() => times(SAMPLES, () => look(netdrift)));
    const renewals = tells ? await during(() => times(SAMPLES, (n) => announce(router, n))) : NOTHING;
    const each = (traffic: Counted, field: keyof Traffic): number =>
      (traffic.own[field] + traffic.through[field]) / SAMPLES;
    // A router that says nothing is looked for ever more rarely; the window is of the first minutes and held one or two of these.
    const own = tells ? DAY : SEARCHES;
    const aDay = (field: keyof Traffic): number =>
      quiet.through[field] * DAY +
      quiet.own[field] * own +
      each(looks, field) * LOOKS +
      each(renewals, field) * RENEWALS;
    const parts = [
      `${WINDOW / 1_000} s of silence (${quiet.through.bytes} bytes through the router)`,
      ...(tells
        ? []
        : [`at most ${SEARCHES} searches for a router that tells (${quiet.own.bytes} bytes each)`]),
      `${LOOKS} detections of the timer (${Math.round(each(looks, 'bytes'))} bytes each)`,
      ...(tells ? [`${RENEWALS} renewals (${Math.round(each(renewals, 'bytes'))} bytes each)`] : []),
    ];
    const note = `extrapolated from what was counted on the router: ${parts.join(', ')}`;
    return [
      { title: `idle ${title}: packets sent a day`, unit: 'count', samples: [aDay('packets')], note },
      {
        title: `idle ${title}: bytes a day`,
        unit: 'bytes',
        samples: [aDay('bytes')],
        target: { max: 1_000_000 },
      },
    ];
  });

interface Counted {
  /** With the router itself: NAT-PMP, SOAP, subscriptions, searches. */
  readonly own: Traffic;
  /** Through it: STUN and other witnesses. */
  readonly through: Traffic;
}

const NONE: Traffic = { packets: 0, bytes: 0 };
const NOTHING: Counted = { own: NONE, through: NONE };

const minus = (a: Traffic, b: Traffic): Traffic => ({
  packets: a.packets - b.packets,
  bytes: a.bytes - b.bytes,
});

async function times(count: number, work: (n: number) => Promise<unknown>): Promise<void> {
  for (let n = 0; n < count; n += 1) await work(n);
}

/** One detection, as the timer makes it. */
async function look(netdrift: Netdrift): Promise<void> {
  const { code } = await netdrift.command('trigger');
  if (code !== 0) throw new Error('netdrift trigger failed');
  await pause(SETTLED);
}

/** UPnP services that announce themselves anew make netdrift renew its subscription at once, with the very request it sends by time. */
async function announce(router: Namespace, boot: number): Promise<void> {
  const lines = [
    'NOTIFY * HTTP/1.1',
    'HOST: 239.255.255.250:1900',
    'NT: urn:schemas-upnp-org:device:InternetGatewayDevice:1',
    'NTS: ssdp:alive',
    `USN: uuid:bench-${boot}::urn:schemas-upnp-org:device:InternetGatewayDevice:1`,
    `LOCATION: http://${ROUTER}:1/${boot}.xml`,
    `BOOTID.UPNP.ORG: ${boot + 1}`,
    'CACHE-CONTROL: max-age=60',
  ];
  const program = `const socket = require('node:dgram').createSocket('udp4');
    socket.bind(0, '${ROUTER}', () => {
      socket.setMulticastInterface('${ROUTER}');
      socket.send(process.argv[1], 1900, '239.255.255.250', () => socket.close());
    });`;
  const text = [...lines, '', ''].join('\r\n');
  const { code, stderr } = await router.run([process.execPath, '-e', program, text]);
  if (code !== 0) throw new Error(stderr);
  await pause(SETTLED);
}

function counted(text: string, name: string): Traffic {
  const found = new RegExp(`counter ${name} \\{\\s*packets (\\d+) bytes (\\d+)`).exec(text);
  if (found === null) throw new Error(`nft shows no counter ${name}: ${text}`);
  return { packets: Number(found[1]), bytes: Number(found[2]) };
}
