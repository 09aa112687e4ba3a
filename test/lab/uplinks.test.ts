import { afterEach, beforeEach, expect, test } from 'vitest';
import { rfc2136, servesAt, startBind } from './nat-lab.ts';
import { Lab } from './support/lab.ts';
import { now, pause } from './support/moment.ts';
import type { Namespace } from './support/namespace.ts';
import { describeLab } from './support/needs.ts';
import { startNetdrift } from './support/netdrift.ts';
import { askedFor, dyndns2 } from './support/publishing.ts';
import { Recorder } from './support/recorder.ts';
import { startTurnserver } from './support/turn.ts';

const SERVER = '203.0.113.1';
const OUTSIDE = { dsl: '203.0.113.10', lte: '203.0.113.20' };
/** Milliseconds that the tests give `failover.hold_down` and `failover.remove_after`. */
const HOLD_DOWN = 3_000;
const REMOVE_AFTER = 2_000;

/** One of the host's two ways out, each through a masquerading router of its own. */
interface Way {
  readonly device: string;
  readonly own: string;
  readonly router: string;
  readonly table: number;
  readonly metric: number;
}

const WAYS: Readonly<Record<'dsl' | 'lte', Way>> = {
  dsl: { device: 'eth1', own: '192.168.1.10', router: '192.168.1.1', table: 101, metric: 100 },
  lte: { device: 'eth2', own: '192.168.2.10', router: '192.168.2.1', table: 102, metric: 200 },
};

let lab: Lab;
let host: Namespace;
let outside: Namespace;

/** host - two routers - one switch outside, where BIND and coturn run. */
async function openUplinks(): Promise<void> {
  lab = await Lab.open();
  host = await lab.namespace('host');
  outside = await lab.namespace('outside');
  for (const name of ['dsl', 'lte'] as const) {
    const way = WAYS[name];
    const router = await lab.namespace(name);
    await lab.cable({ namespace: host, device: way.device }, { namespace: router, device: 'lan' });
    await lab.cable({ namespace: router, device: 'wan' }, { namespace: outside, device: name });
    await router.addAddress('lan', `${way.router}/24`);
    await router.addAddress('wan', `${OUTSIDE[name]}/24`);
    await router.forward();
    await router.masquerade('wan');
    await host.addAddress(way.device, `${way.own}/24`);
    await plugIn(way);
  }
  await outside.bridge('net', ['dsl', 'lte']);
  await outside.addAddress('net', `${SERVER}/24`);
  await startBind(lab, outside);
  await startTurnserver(lab, outside, { addresses: [SERVER] });
}

/** The routes of one way; the kernel takes them out when the link goes down. */
async function plugIn({ device, router, table, metric }: Way): Promise<void> {
  await host.defaultRoute(router, { device, metric });
  await host.ip(`route replace default via ${router} dev ${device} table ${table}`);
}

const addRule = ({ own, table }: Way) => host.ip(`rule add from ${own} table ${table}`);

async function pullOut({ device }: Way): Promise<number> {
  const at = now();
  await host.link(device, 'down');
  return at;
}

async function plugBack(way: Way): Promise<number> {
  await host.link(way.device, 'up');
  const at = now();
  await plugIn(way);
  return at;
}

const serves = (name: string, addresses: readonly string[], timeout = 15_000) =>
  servesAt(outside, SERVER, name)(addresses, timeout);

type Mapping = Readonly<Record<string, unknown>>;

const byInterface = ({ device }: Way): Mapping => ({ interface: device });
const bySource = ({ own }: Way): Mapping => ({ source: own });

function start(binding = byInterface, sinks: Mapping = {}) {
  const stun = { detector: 'stun', servers: [`${SERVER}:3478`] };
  const uplink = (way: Way) => ({ ...binding(way), ipv4: [stun], allow: ['documentation'] });
  const records = [
    { name: 'one.example.org', uplink: 'lte' },
    { name: 'active.example.org', uplink: 'active' },
    { name: 'all.example.org', uplink: 'all' },
  ];
  return startNetdrift(lab, {
    namespace: host,
    config: {
      watch: { every: '1h', keep_watch: 'off' },
      detection: { deadline: '2s' },
      failover: { hold_down: `${HOLD_DOWN}ms`, remove_after: `${REMOVE_AFTER}ms` },
      uplinks: { dsl: uplink(WAYS.dsl), lte: uplink(WAYS.lte) },
      sinks: { bind: rfc2136(SERVER, { records, allow: ['documentation'] }), ...sinks },
      log: { level: 'debug' },
    },
  });
}

describeLab('two uplinks', ['named', 'dig', 'turnserver'], () => {
  beforeEach(openUplinks);
  afterEach(() => lab.close());

  test('a record follows one, the active one or all of them, over and back, with hold-down and removal', async () => {
    await addRule(WAYS.dsl);
    await addRule(WAYS.lte);
    start();
    await serves('active.example.org', [OUTSIDE.dsl]);
    await serves('one.example.org', [OUTSIDE.lte]);
    await serves('all.example.org', [OUTSIDE.dsl, OUTSIDE.lte]);

    const down = await pullOut(WAYS.dsl);
    await serves('active.example.org', [OUTSIDE.lte]);
    const over = now() - down;
    await serves('all.example.org', [OUTSIDE.lte]);
    const removed = now() - down;
    console.log(
      `link lost -> active moved: ${Math.round(over)} ms, removed from all: ${Math.round(removed)} ms`,
    );
    expect(removed).toBeGreaterThanOrEqual(REMOVE_AFTER);

    const up = await plugBack(WAYS.dsl);
    await serves('all.example.org', [OUTSIDE.dsl, OUTSIDE.lte]);
    await serves('active.example.org', [OUTSIDE.dsl]);
    const back = now() - up;
    console.log(`link back -> active moved back: ${Math.round(back)} ms`);
    expect(back).toBeGreaterThanOrEqual(HOLD_DOWN);
    await serves('one.example.org', [OUTSIDE.lte]);
  });

  test('a way out that comes and goes does not drag the active record along', async () => {
    await addRule(WAYS.dsl);
    await addRule(WAYS.lte);
    const netdrift = start();
    await serves('active.example.org', [OUTSIDE.dsl]);
    await pullOut(WAYS.dsl);
    await serves('active.example.org', [OUTSIDE.lte]);
    const after = netdrift.log.mark();
    for (let times = 0; times < 3; times += 1) {
      await plugBack(WAYS.dsl);
      await pause(HOLD_DOWN / 3);
      await pullOut(WAYS.dsl);
      await pause(500);
    }
    const written = netdrift.log.items.slice(after).filter((line) => line.event === 'record_updated');
    expect(written.filter(({ record }) => record === 'active.example.org/A')).toEqual([]);
    await serves('active.example.org', [OUTSIDE.lte]);
  });

  test('one whose requests would leave by the other is loud, publishes nothing, and works once its hint is followed', async () => {
    await addRule(WAYS.dsl);
    const netdrift = start();
    const warning = await netdrift.line({ event: 'uplink_not_bound' }, { timeout: 10_000 });
    expect(warning).toMatchObject({ level: 'warn', uplink: 'lte', family: 'ipv4', interface: 'eth2' });
    await serves('active.example.org', [OUTSIDE.dsl]);
    await serves('one.example.org', []);
    // Not the other uplink's address either: that is what it would have been without the check.
    await serves('all.example.org', [OUTSIDE.dsl]);
    expect(
      netdrift.log.items.filter((line) => line['uplink'] === 'lte' && line.event === 'address_detected'),
    ).toEqual([]);
    const hint = /mend it with: (ip route add .*) && (ip rule add .*?);/.exec(String(warning['message']));
    for (const command of hint?.slice(1) ?? []) {
      const { code, stderr } = await host.run(command.split(' '));
      expect({ command, code, stderr }).toEqual({ command, code: 0, stderr: '' });
    }
    await netdrift.line({ event: 'uplink_bound' }, { timeout: 20_000 });
    await serves('one.example.org', [OUTSIDE.lte]);
    await serves('all.example.org', [OUTSIDE.dsl, OUTSIDE.lte]);
  });

  test('a sink leaves through the uplink that it names, whichever address it publishes', async () => {
    await addRule(WAYS.dsl);
    await addRule(WAYS.lte);
    const provider = await Recorder.start(lab, outside);
    const sink = (more: Mapping) => dyndns2(SERVER, provider.port, { uplink: 'dsl', ...more });
    start(byInterface, {
      usual: sink({ records: ['usual.example.net'] }),
      bound: sink({ records: ['bound.example.net'], via: 'lte' }),
    });
    const usual = await provider.requests.find(({ url }) => url.includes('usual.example.net'));
    const bound = await provider.requests.find(({ url }) => url.includes('bound.example.net'));
    expect([usual.from, bound.from].map((text) => text.replace('::ffff:', ''))).toEqual([
      OUTSIDE.dsl,
      OUTSIDE.lte,
    ]);
    expect([usual, bound].map(askedFor)).toEqual([OUTSIDE.dsl, OUTSIDE.dsl]);
  });
});

describeLab(
  'two uplinks over one interface, bound to a source address each',
  ['named', 'dig', 'turnserver'],
  () => {
    beforeEach(async () => {
      await openUplinks();
      const ways = Object.values(WAYS);
      for (const { device, own } of ways) await host.removeAddress(device, `${own}/24`);
      await host.bridge(
        'lan',
        ways.map(({ device }) => device),
      );
      for (const way of ways) {
        await host.addAddress('lan', `${way.own}/24`);
        await plugIn({ ...way, device: 'lan' });
      }
    });
    afterEach(() => lab.close());

    test('each is seen from outside as what its own router makes of it; loud until the rule is there, and when the address goes', async () => {
      await addRule(WAYS.dsl);
      const netdrift = start(bySource);
      const warning = await netdrift.line({ event: 'uplink_not_bound' }, { timeout: 10_000 });
      expect(warning).toMatchObject({ level: 'warn', uplink: 'lte', family: 'ipv4', interface: 'lan' });
      expect(warning['message']).toContain(`go to ${WAYS.dsl.router}, which is not on the network`);
      await serves('active.example.org', [OUTSIDE.dsl]);
      await serves('one.example.org', []);
      await addRule(WAYS.lte);
      await netdrift.line({ event: 'uplink_bound' }, { timeout: 20_000 });
      await serves('one.example.org', [OUTSIDE.lte]);
      await serves('all.example.org', [OUTSIDE.dsl, OUTSIDE.lte]);

      await host.removeAddress('lan', `${WAYS.dsl.own}/24`);
      await netdrift.line(({ message }) =>
        String(message).includes(`this host does not have ${WAYS.dsl.own}`),
      );
      await serves('active.example.org', [OUTSIDE.lte]);
      await serves('all.example.org', [OUTSIDE.lte]);
    });
  },
);
