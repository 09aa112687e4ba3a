import { type NatLab, openNat, rfc2136 } from '../test/lab/nat-lab.ts';
import { ROUTER, startMiniupnpd } from '../test/lab/router-lab.ts';
import { Lab } from '../test/lab/support/lab.ts';
import { pause } from '../test/lab/support/moment.ts';
import type { Namespace } from '../test/lab/support/namespace.ts';
import { missing } from '../test/lab/support/needs.ts';
import { type Netdrift, startNetdrift } from '../test/lab/support/netdrift.ts';
import { startTurnserver } from '../test/lab/support/turn.ts';
import type { Bench, Figure } from './support/bench.ts';
import { type Counted, countTraffic, IP, type Kind, type Traffic } from './support/traffic.ts';

/** The router lets ten notices pass at once and then one in half a minute; a change takes one or two of them. */
const MOST_NOTICED = 5;
/** Each takes up to 22 s. */
const MOST_WATCHED = 5;
const DAY = 86_400_000;
/** Milliseconds of silence that are counted where the router tells of changes; the keep-watch is counted for so many of its questions. */
const WINDOW = 120_000;
const QUESTIONS = 6;
/** A day's detections by the timer at `watch.every: 5m`, and renewals of a subscription for 30 minutes at half of its time. */
const LOOKS = 288;
const RENEWALS = 96;
/** A silent router is looked for after 30 s, and each time after twice as long, up to 6 h. One search is 4 datagrams to it and 4 to the group. */
const SEARCHES = 14;
const SEARCH = 8;
/** The sink is compared with what was written each hour; here more often, so that it falls into the window. */
const CHECKS = 24;
const CHECKED_EVERY = 30_000;
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

const idleCost = (title: string, tells: boolean): Promise<readonly Figure[]> =>
  withNat(async (nat, lab) => {
    const { router, host } = nat.network;
    if (tells) await startMiniupnpd(lab, nat.network);
    const sinks = { bind: rfc2136(nat.server, { drift_check: `${CHECKED_EVERY / 1_000}s` }) };
    const netdrift = startNetdrift(lab, {
      namespace: host,
      config: { ...nat.config({ watch: {} }), sinks },
    });
    const event = tells ? 'router_events_subscribed' : 'keep_watch_started';
    await netdrift.line({ event }, { timeout: 15_000 });
    await pause(3_000);
    const traffic = await countTraffic(host);
    const asked = async () => (await traffic.now()).keepWatch.packets;
    if (!tells) await questions(asked, 1);
    const quiet = await traffic.during(() => (tells ? pause(WINDOW) : questions(asked, QUESTIONS)));
    // The timer (5 min) and the renewals (15 min) do not fall into the window: each is made to happen, and counted by itself. After a
    // question of the keep-watch there is time for all of them before its next one.
    const looks = await traffic.during(() => times(SAMPLES, () => look(netdrift)));
    const renewals = tells
      ? await traffic.during(() => times(SAMPLES, (n) => announce(router, n)))
      : undefined;
    const windows = DAY / quiet.took;
    const searches = quiet.search.packets / SEARCH;
    const parts: readonly Part[] = [
      {
        name: 'questions of the keep-watch',
        count: quiet.keepWatch.packets * windows,
        ...each(quiet, ['keepWatch'], quiet.keepWatch.packets),
      },
      // Ever more rare, and the window is of the first minutes.
      {
        name: 'searches for a router that tells, at most',
        count: tells ? searches * windows : SEARCHES,
        ...each(quiet, ['search'], searches),
      },
      { name: 'detections of the timer', count: LOOKS, ...each(looks, ASKED, SAMPLES) },
      {
        name: 'renewals of the subscription',
        count: RENEWALS,
        ...(renewals === undefined ? NONE : each(renewals, ASKED, SAMPLES)),
      },
      { name: 'checks of the records', count: CHECKS, ...each(quiet, ['dns'], quiet.took / CHECKED_EVERY) },
      {
        name: `times all else in ${Math.round(quiet.took / 1_000)} s of silence`,
        count: windows,
        ...each(quiet, ['gateway', 'tcp', 'rest'], 1),
      },
    ];
    const sum = (field: keyof Traffic): number =>
      parts.reduce((total, part) => total + part.count * part[field], 0);
    const spent = parts.filter(({ bytes }) => bytes > 0).map(inWords);
    return [
      {
        title: `idle ${title}: packets sent a day`,
        unit: 'count',
        samples: [sum('packets')],
        note: 'extrapolated from what was counted on the host; not counted is what is there without netdrift: ICMPv6 of the kernel, and the multicasts of the router',
      },
      {
        title: `idle ${title}: bytes a day`,
        unit: 'bytes',
        samples: [sum('bytes')],
        target: { max: 1_000_000 },
        note: `sent and received, with IP headers: ${spent.join('; ')}`,
      },
      {
        title: `idle ${title}: bytes of ARP a day`,
        unit: 'bytes',
        samples: [quiet.arp.bytes * windows],
        note: 'beside the above, since it never leaves the LAN; the system decides how often it asks for the hardware address of the router anew. Rather too many: in the window the records are checked more often than in life',
      },
    ];
  });

/** What belongs to a detection or a renewal: a check of the records that falls into it does not. */
const ASKED = IP.filter((kind) => kind !== 'dns');

/** One thing that costs something: how often it happens a day, and what it takes once. */
interface Part extends Traffic {
  readonly name: string;
  readonly count: number;
}

const NONE: Traffic = { packets: 0, bytes: 0 };

function each(counted: Counted, kinds: readonly Kind[], times: number): Traffic {
  if (times === 0) return NONE;
  const sum = (field: keyof Traffic): number =>
    kinds.reduce((total, kind) => total + counted[kind][field], 0) / times;
  return { packets: sum('packets'), bytes: sum('bytes') };
}

const inWords = ({ name, count, bytes }: Part): string =>
  `${Math.round(count)} ${name} (${Math.round(bytes)} bytes each, ${Math.round((count * bytes) / 1_000)} kB)`;

/** Until the keep-watch has asked so many more. A window from just after a question to just after another holds none too many. */
async function questions(asked: () => Promise<number>, count: number): Promise<void> {
  const before = await asked();
  while ((await asked()) < before + count) await pause(200);
  await pause(200);
}

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
