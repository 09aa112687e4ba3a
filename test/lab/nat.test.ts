import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startForger } from './forgery.ts';
import { HOME, openCarrier, openNat } from './nat-lab.ts';
import { ROUTER, STRANGER, startMiniupnpd } from './router-lab.ts';
import { dig } from './support/dig.ts';
import { Lab } from './support/lab.ts';
import { eventually, now, pause } from './support/moment.ts';
import type { Namespace } from './support/namespace.ts';
import { describeLab } from './support/needs.ts';
import { startNetdrift } from './support/netdrift.ts';
import { homeNetwork, plainNetwork } from './support/networks.ts';
import type { LabProcess } from './support/process.ts';
import { digEmbedded, embedded, served } from './support/publishing.ts';
import { Recorder } from './support/recorder.ts';
import { startTurnserver } from './support/turn.ts';

let lab: Lab;
beforeEach(async () => {
  lab = await Lab.open();
});
afterEach(() => lab.close());

describeLab('behind a router that tells of changes', ['named', 'dig', 'miniupnpd', 'turnserver'], () => {
  test('a new outside address is at the name server at once, told by the router, with no polling', async () => {
    const nat = await openNat(lab);
    await startMiniupnpd(lab, nat.network);
    await startTurnserver(lab, nat.outside, { addresses: [nat.server] });
    const netdrift = startNetdrift(lab, {
      namespace: nat.network.host,
      config: nat.config({ watch: { every: '1h', keep_watch: 'off' } }),
    });
    await nat.serves(['203.0.114.10']);
    await netdrift.line({ event: 'router_events_subscribed' }, { timeout: 10_000 });
    // Until duplicate address detection of the link-local addresses is over: its end is an event.
    await pause(2_500);
    const times: number[] = [];
    for (const last of [11, 12, 13, 14, 15]) {
      const next = `203.0.114.${last}`;
      const after = netdrift.log.mark();
      const changed = await nat.network.change(next);
      const line = await netdrift.line({ event: 'record_updated' }, { after, timeout: 20_000 });
      expect(line).toMatchObject({ record: `${HOME}/A` });
      const { trace_id } = line;
      const why = netdrift.log.items.find(
        (one) => one.event === 'trigger_received' && one['trace_id'] === trace_id,
      );
      expect(why).toMatchObject({ reason: ['router_notice'] });
      expect((await dig(nat.outside, { server: nat.server, name: HOME, type: 'A' })).values).toEqual([next]);
      times.push(Math.round(line.at - changed));
      await pause(300);
    }
    console.log(`outside address changed -> confirmed by BIND: ${times.join(', ')} ms`);
    expect(times.sort((a, b) => a - b)[2]).toBeLessThanOrEqual(1_000);
    // Nothing but the start and the router ever made it look at the outside.
    const reasons = netdrift.log.items.flatMap(({ event, reason }) =>
      event === 'trigger_received' ? (reason as string[]) : [],
    );
    expect([...new Set(reasons)].filter((reason) => reason !== 'interface_event').sort()).toEqual([
      'router_notice',
      'start',
    ]);
  });

  test('nobody need be asked outside where the router alone is listed', async () => {
    const nat = await openNat(lab);
    await startMiniupnpd(lab, nat.network);
    const netdrift = startNetdrift(lab, {
      namespace: nat.network.host,
      config: nat.config({ watch: { every: '1h' }, ipv4: ['interface', 'router'] }),
    });
    await nat.serves(['203.0.114.10']);
    await netdrift.line({ event: 'router_events_subscribed' }, { timeout: 10_000 });
    const changed = await nat.network.change('203.0.114.20');
    await nat.serves(['203.0.114.20']);
    expect(now() - changed).toBeLessThan(5_000);
  });

  test('the keep-watch is silent while the router tells, and begins when it is gone', async () => {
    const nat = await openNat(lab);
    const daemon = await startMiniupnpd(lab, nat.network);
    await startTurnserver(lab, nat.outside, { addresses: [nat.server] });
    const netdrift = startNetdrift(lab, {
      namespace: nat.network.host,
      config: nat.config({ watch: { every: '5s', jitter: 0, keep_watch: '3s' } }),
    });
    await nat.serves(['203.0.114.10']);
    await netdrift.line({ event: 'router_events_subscribed' }, { timeout: 10_000 });
    await pause(7_000);
    expect(netdrift.log.items.filter(({ event }) => event === 'keep_watch_started')).toEqual([]);
    await daemon.kill();
    // The next look by the timer finds the router silent; what STUN says then stands alone.
    await netdrift.line({ event: 'keep_watch_started' }, { timeout: 30_000 });
    await nat.network.change('203.0.114.30');
    await nat.serves(['203.0.114.30']);

    // The router's daemon is back, on another port and with no memory: it is found, and tells again.
    const after = netdrift.log.mark();
    await startMiniupnpd(lab, nat.network);
    await netdrift.line({ event: 'router_events_subscribed' }, { after, timeout: 60_000 });
    const changed = netdrift.log.mark();
    await nat.network.change('203.0.114.40');
    await nat.serves(['203.0.114.40']);
    await netdrift.line({ event: 'router_notice' }, { after: changed, timeout: 10_000 });
  });

  test('another gateway is followed at once, and the old one is not heard any more', async () => {
    const nat = await openNat(lab);
    const { host, stranger } = nat.network;
    await startMiniupnpd(lab, nat.network);
    await startTurnserver(lab, nat.outside, { addresses: [nat.server] });
    // The other host of the LAN is a router, too, by another provider, and says nothing.
    await lab.cable({ namespace: stranger, device: 'wan' }, { namespace: nat.outside, device: 'eth1' });
    await nat.outside.addAddress('eth1', '203.0.115.1/24');
    await stranger.addAddress('wan', '203.0.115.10/24');
    await stranger.defaultRoute('203.0.115.1', { device: 'wan' });
    await stranger.forward();
    await stranger.masquerade('wan');
    const netdrift = startNetdrift(lab, {
      namespace: host,
      config: nat.config({ watch: { every: '1h', keep_watch: 'off' } }),
    });
    await nat.serves(['203.0.114.10']);
    await netdrift.line({ event: 'router_events_subscribed' }, { timeout: 10_000 });
    await host.ip(`route replace default via ${STRANGER} dev eth0`);
    await nat.serves(['203.0.115.10'], 20_000);

    const after = netdrift.log.mark();
    await nat.network.change('203.0.114.20');
    await pause(3_000);
    expect(netdrift.log.items.slice(after).filter(({ event }) => event === 'router_notice')).toEqual([]);
    await host.ip(`route replace default via ${ROUTER} dev eth0`);
    await nat.serves(['203.0.114.20'], 20_000);
  });
});

describeLab('behind a router that says nothing', ['turnserver', 'dig'], () => {
  test('the keep-watch sees the new outside address', async () => {
    const home = await homeNetwork(lab);
    await startTurnserver(lab, home.outside, { addresses: [home.server] });
    const stun = { detector: 'stun', servers: [`${home.server}:3478`] };
    const netdrift = startNetdrift(lab, {
      namespace: home.host,
      config: {
        watch: { every: '1h', keep_watch: '1s' },
        uplinks: { wan: { ipv4: ['interface', 'router', stun], allow: ['documentation'] } },
        sinks: { local: embedded() },
        log: { level: 'debug' },
      },
    });
    await served(home.host, 'A', ['203.0.113.10']);
    await netdrift.line({ event: 'keep_watch_started' }, { timeout: 10_000 });
    const times: number[] = [];
    for (const last of [99, 98, 97]) {
      const after = netdrift.log.mark();
      const changed = now();
      await home.changeOutsideAddress(`203.0.113.${last}`);
      const line = await netdrift.line({ event: 'address_changed' }, { after, timeout: 15_000 });
      times.push(Math.round(line.at - changed));
      await served(home.host, 'A', [`203.0.113.${last}`]);
      expect(netdrift.log.items.slice(after)).toContainEqual(
        expect.objectContaining({ event: 'trigger_received', reason: ['mapping_changed'] }),
      );
    }
    console.log(`outside address changed -> known by the keep-watch of 1 s: ${times.join(', ')} ms`);
    expect(Math.max(...times)).toBeLessThan(5_000);
  });

  test('forged answers, of a stranger or with a wrong id, are believed by nobody', async () => {
    const home = await homeNetwork(lab);
    const coturn = await startTurnserver(lab, home.outside, { addresses: [home.server] });
    const forger = await startForger(lab, home, { own: '203.0.113.66', lie: '203.0.113.99' });
    // It answers only after the lies have been told.
    coturn.signal('SIGSTOP');
    const stun = { detector: 'stun', servers: [`${home.server}:3478`] };
    const netdrift = startNetdrift(lab, {
      namespace: home.host,
      config: {
        watch: { every: '1h', keep_watch: '1s' },
        uplinks: { wan: { ipv4: ['interface', stun], allow: ['documentation'] } },
        sinks: { local: embedded() },
        log: { level: 'debug' },
      },
    });
    await forger.process.line('forged for 203.0.113.10', 15_000);
    const told = await eventually(
      'both lies have arrived',
      async () => {
        const arrived = await forger.arrived();
        return arrived.strange > 0 && arrived.wrongId > 0 && arrived;
      },
      { timeout: 10_000 },
    );
    coturn.signal('SIGCONT');
    await served(home.host, 'A', ['203.0.113.10'], 20_000);

    // The long-lived socket of the keep-watch hears them too, with each of its questions.
    await netdrift.line({ event: 'keep_watch_started' }, { timeout: 10_000 });
    await eventually(
      'the keep-watch has been lied to',
      async () => (await forger.arrived()).strange >= told.strange + 4,
      { timeout: 20_000 },
    );
    const heard = (event: string) => netdrift.log.items.filter((line) => line.event === event);
    expect(heard('trigger_received').flatMap(({ reason }) => reason)).not.toContain('mapping_changed');
    expect(heard('address_changed').map((line) => line['address'])).toEqual(['203.0.113.10']);

    await home.changeOutsideAddress('203.0.113.98');
    await served(home.host, 'A', ['203.0.113.98'], 20_000);
  });

  test('a router that goes on naming its old address does not hold up the new one', async () => {
    const home = await homeNetwork(lab);
    // Two, since it is one word against another with one alone: then the published record stays.
    const second = '203.0.113.2';
    await home.outside.addAddress('eth0', `${second}/24`);
    await startTurnserver(lab, home.outside, { addresses: [home.server, second] });
    await startNatPmp(lab, home.router, '203.0.113.10');
    const stun = { detector: 'stun', servers: [`${home.server}:3478`, `${second}:3478`] };
    const netdrift = startNetdrift(lab, {
      namespace: home.host,
      config: {
        watch: { every: '1h', keep_watch: '1s' },
        uplinks: { wan: { ipv4: ['interface', 'router', stun], allow: ['documentation'] } },
        sinks: { local: embedded() },
        log: { level: 'debug' },
      },
    });
    await served(home.host, 'A', ['203.0.113.10']);
    await netdrift.line({ event: 'keep_watch_started' }, { timeout: 10_000 });
    await home.changeOutsideAddress('203.0.113.99');
    await served(home.host, 'A', ['203.0.113.99'], 20_000);
    // It stays so, whatever the router says at the next look.
    const after = netdrift.log.mark();
    await netdrift.command('trigger');
    await netdrift.line((line) => line.event === 'record_unchanged' || line.event === 'record_updated', {
      after,
      timeout: 15_000,
    });
    expect((await digEmbedded(home.host)).values).toEqual(['203.0.113.99']);
  });

  test('a web service that answers with a page, or with the other family, is refused and the next one asked', async () => {
    const home = await homeNetwork(lab);
    await startTurnserver(lab, home.outside, { addresses: [home.server] });
    const portal = await Recorder.start(lab, home.outside, {
      reply: {
        body: '<html><body>Welcome! Your address is 203.0.113.66. Please log in.</body></html>',
        headers: { 'content-type': 'text/html' },
      },
    });
    const other = await Recorder.start(lab, home.outside, { reply: { body: '2001:db8::66\n' } });
    const http = {
      detector: 'http',
      services: [portal, other].map(({ port }) => `http://${home.server}:${port}/`),
    };
    const stun = { detector: 'stun', servers: [`${home.server}:3478`] };
    const netdrift = startNetdrift(lab, {
      namespace: home.host,
      config: {
        watch: { every: '1h', keep_watch: 'off' },
        uplinks: { wan: { ipv4: [http, stun], allow: ['documentation'] } },
        sinks: { local: embedded() },
        log: { level: 'debug' },
      },
    });
    await served(home.host, 'A', ['203.0.113.10']);
    const refused = netdrift.log.items.filter(({ event }) => event === 'detector_failed');
    expect(refused).toHaveLength(2);
    expect(portal.requests.items.length + other.requests.items.length).toBe(2);
    for (const { message } of refused) expect(message).not.toMatch(/203\.0\.113\.66 is/);
  });
});

describeLab('behind a router that is behind the provider’s NAT', ['turnserver', 'dig'], () => {
  test('its shared address is refused, the next witness is asked, and the keep-watch goes on', async () => {
    const carrier = await openCarrier(lab);
    await startTurnserver(lab, carrier.outside, { addresses: [carrier.server] });
    const responder = await startNatPmp(lab, carrier.router, '100.64.0.2');
    const stun = { detector: 'stun', servers: [`${carrier.server}:3478`] };
    const netdrift = startNetdrift(lab, {
      namespace: carrier.host,
      config: {
        watch: { every: '1h', keep_watch: '1s' },
        uplinks: { wan: { ipv4: ['interface', 'router', stun], allow: ['documentation'] } },
        sinks: { local: embedded() },
        log: { level: 'debug' },
      },
    });
    await served(carrier.host, 'A', ['203.0.113.10']);
    const said = await netdrift.line({ event: 'address_detected', detector: 'router' });
    expect(said).toMatchObject({
      address: '100.64.0.2',
      message: expect.stringContaining('behind another NAT'),
    });
    await netdrift.line({ event: 'keep_watch_started' }, { timeout: 10_000 });
    await carrier.changeOutsideAddress('203.0.113.77');
    await served(carrier.host, 'A', ['203.0.113.77'], 15_000);
    expect(responder.output()).toContain('asked');
  });
});

describeLab('a host that owns its address', ['dig'], () => {
  test('with the default detectors sends nothing to anybody', async () => {
    const { host } = await plainNetwork(lab);
    await host.addAddress('eth0', '2001:db8::10/64');
    await host.nft(`
      table inet sent {
        counter sent_packets { }
        chain out {
          type filter hook output priority filter
          oifname "eth0" icmpv6 type { mld-listener-report, mld2-listener-report, nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } accept
          oifname "eth0" counter name sent_packets
        }
      }`);
    const uplinks = { wan: { ipv4: ['auto'], ipv6: ['auto'], allow: ['documentation'] } };
    const netdrift = startNetdrift(lab, {
      namespace: host,
      config: {
        watch: { every: '2s', settle_limit: '2s', keep_watch: '1s' },
        uplinks,
        sinks: { local: embedded() },
        log: { level: 'debug' },
      },
    });
    await served(host, 'A', ['198.51.100.10']);
    await served(host, 'AAAA', ['2001:db8::10']);
    await host.replaceAddress('eth0', '198.51.100.10/24', '198.51.100.11/24');
    await served(host, 'A', ['198.51.100.11']);
    await netdrift.command('trigger');
    await pause(5_000);
    expect((await digEmbedded(host)).values).toEqual(['198.51.100.11']);
    const { stdout } = await host.run(['nft', 'list', 'counter', 'inet', 'sent', 'sent_packets']);
    expect(stdout).toMatch(/packets 0 bytes 0/);
  });
});

async function startNatPmp(lab: Lab, router: Namespace, address: string): Promise<LabProcess> {
  const file = path.join(lab.folder('nat-pmp'), 'nat-pmp.cjs');
  writeFileSync(file, NAT_PMP);
  const responder = router.spawn([process.execPath, file, address]);
  await responder.line('ready');
  return responder;
}

/** A router that answers NAT-PMP (RFC 6886 section 3.2) with the address it is given, whatever it is. */
const NAT_PMP = `
const address = process.argv[2].split('.').map(Number);
const socket = require('node:dgram').createSocket('udp4');
const began = Date.now();
socket.on('message', (request, from) => {
  if (request.length !== 2 || request[0] !== 0 || request[1] !== 0) return;
  const answer = Buffer.alloc(12);
  answer[1] = 128;
  answer.writeUInt32BE(Math.floor((Date.now() - began) / 1000), 4);
  Buffer.from(address).copy(answer, 8);
  socket.send(answer, from.port, from.address);
  console.log('asked by ' + from.address);
});
socket.bind(5351, () => console.log('ready'));
`;
