import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  HOST,
  ROUTER,
  RouterPart,
  routerNetwork,
  STRANGER,
  snapshotOf,
  startMiniupnpd,
} from './router-lab.ts';
import { Lab } from './support/lab.ts';
import { eventually, pause } from './support/moment.ts';
import { describeLab } from './support/needs.ts';

/** Milliseconds from the new address at the router to the trigger: what a person would call at once. */
const AT_ONCE = 1_000;

describeLab('the router, as the real miniupnpd', ['miniupnpd', 'nft'], () => {
  let lab: Lab;
  beforeEach(async () => {
    lab = await Lab.open();
  });
  afterEach(() => lab.close());

  test('tells its address by NAT-PMP', async () => {
    const network = await routerNetwork(lab);
    await startMiniupnpd(lab, network, { upnp: false });
    const part = await RouterPart.start(lab, network.host);
    const { reading, took } = await part.read();
    expect(reading).toMatchObject({
      kind: 'known',
      address: '203.0.114.10',
      via: { name: `${ROUTER} by NAT-PMP` },
    });
    expect(took).toBeLessThan(AT_ONCE);
  });

  test('tells its address by UPnP', async () => {
    const network = await routerNetwork(lab);
    await startMiniupnpd(lab, network, { natPmp: false });
    const part = await RouterPart.start(lab, network.host);
    const { reading, took } = await part.read();
    expect(reading).toMatchObject({
      kind: 'known',
      address: '203.0.114.10',
      via: { name: `${ROUTER} by UPnP` },
    });
    expect(took).toBeLessThan(AT_ONCE);
  });

  test('tells its address by PCP where a mapping may be made, and the mapping is gone afterwards', async () => {
    const network = await routerNetwork(lab);
    const daemon = await startMiniupnpd(lab, network);
    // The other two ways are closed: NAT-PMP requests are dropped by their length, UPnP by its port.
    await network.router.nft(`
      table inet closed {
        chain in {
          type filter hook input priority filter;
          udp dport 5351 udp length 10 drop
          udp dport 1900 drop
        }
      }`);
    const part = await RouterPart.start(lab, network.host, { pcp_mapping: true });
    const { reading } = await part.read();
    expect(reading).toMatchObject({
      kind: 'known',
      address: '203.0.114.10',
      via: { name: `${ROUTER} by PCP` },
    });
    await daemon.line('PCP MAP: added mapping UDP 9->');
    await daemon.line('PCP: UDP port 9 mapping removed');
    expect((await network.router.run(['nft', 'list', 'ruleset'])).stdout).not.toContain(HOST);
  });

  test('behind another NAT, it does not tell its private outside address', async () => {
    const network = await routerNetwork(lab);
    await startMiniupnpd(lab, network, { upnp: false });
    const part = await RouterPart.start(lab, network.host);
    await network.change('10.20.30.40');
    const { reading } = await part.read();
    // miniupnpd itself refuses to speak of such an address; other routers name it: test/sources/router has those.
    expect(reading).toMatchObject({
      kind: 'unavailable',
      why: expect.stringContaining('no outside address yet'),
    });
  });

  // miniupnpd watches its outside address only where both are switched on, so one way is closed by a filter.
  for (const [way, closed, source] of [
    [
      'NAT-PMP and PCP multicasts',
      'chain in { type filter hook input priority 0; udp dport 1900 drop\n }',
      /^(?:nat-pmp|pcp)$/,
    ],
    ['UPnP events', 'chain out { type filter hook output priority 0; udp sport 5351 drop\n }', /^upnp$/],
    ['all of them', '', /^(?:nat-pmp|pcp|upnp)$/],
  ] as const) {
    test(`tells at once that its address changed, by ${way}`, async () => {
      const network = await routerNetwork(lab);
      await network.router.nft(`table inet closed {\n ${closed}\n }`);
      await startMiniupnpd(lab, network);
      const part = await RouterPart.start(lab, network.host);
      await part.read();
      if (!way.startsWith('NAT-PMP')) await part.logged('router_events_subscribed');
      await pause(500);
      expect(part.triggers()).toEqual([]);
      const times: number[] = [];
      for (const last of [11, 12, 13]) {
        const after = part.messages.mark();
        const changed = await network.change(`203.0.114.${last}`);
        const { trigger, at } = await part.trigger(
          ({ detail }) => detail?.includes(`203.0.114.${last}`) ?? false,
          after,
        );
        times.push(Math.round(at - changed));
        expect(trigger).toMatchObject({ reason: 'router_notice', mode: 'inject' });
        expect(trigger.source).toMatch(source);
        expect((await part.read()).reading).toMatchObject({ kind: 'known', address: `203.0.114.${last}` });
        await pause(300);
      }
      console.log(`change -> trigger by ${way}: ${times.join(', ')} ms`);
      expect(Math.max(...times)).toBeLessThan(AT_ONCE);
      // Ten multicasts and two events for one change are one or two reasons to look, not twelve.
      expect(part.triggers().length).toBeLessThanOrEqual(9);
    });
  }

  for (const [way, options] of [
    ['NAT-PMP and UPnP', {}],
    ['UPnP alone', { natPmp: false }],
  ] as const) {
    test(`restarted, it is subscribed to anew, ${way}`, async () => {
      const network = await routerNetwork(lab);
      const first = await startMiniupnpd(lab, network, options);
      const part = await RouterPart.start(lab, network.host);
      await part.logged('router_events_subscribed');
      const after = part.messages.mark();
      await first.stop();
      await network.change('203.0.114.20');
      const second = await startMiniupnpd(lab, network, options);
      await part.logged('router_events_subscribed', after, 30_000);
      await part.trigger(({ detail }) => detail?.includes('203.0.114.20') ?? false, after);
      const later = part.messages.mark();
      const changed = await network.change('203.0.114.21');
      // Where it does not watch by itself it is told so, as the scripts of routers do.
      if ('natPmp' in options) second.signal('SIGUSR1');
      const { at } = await part.trigger(({ detail }) => detail?.includes('203.0.114.21') ?? false, later);
      expect(at - changed).toBeLessThan(AT_ONCE);
    });
  }

  test('gone, it is unavailable soon, and after a while without being asked', async () => {
    const network = await routerNetwork(lab);
    const daemon = await startMiniupnpd(lab, network);
    const part = await RouterPart.start(lab, network.host);
    expect((await part.read()).reading.kind).toBe('known');
    await daemon.kill();
    const lost = await part.read();
    expect(lost.reading).toMatchObject({ kind: 'unavailable' });
    expect(lost.took).toBeLessThan(5_000);
    const again = await part.read();
    expect(again.reading).toMatchObject({
      kind: 'unavailable',
      why: expect.stringContaining('asked again in'),
    });
    expect(again.took).toBeLessThan(50);
  });

  test('without any protocol, nothing is asked twice and nothing is told', async () => {
    const network = await routerNetwork(lab);
    await network.router.nft(`
      table inet watch {
        counter asked { }
        chain in {
          type filter hook input priority filter
          ip saddr ${HOST} ip protocol != igmp counter name asked
        }
      }`);
    const asked = async (): Promise<number> => {
      const { stdout } = await network.router.run(['nft', 'list', 'counter', 'inet', 'watch', 'asked']);
      return Number(/packets (\d+)/.exec(stdout)?.[1]);
    };
    const part = await RouterPart.start(lab, network.host);
    expect((await part.read()).reading.kind).toBe('unavailable');
    await pause(3_000);
    const before = await asked();
    // One NAT-PMP request (the port is refused at once) and two searches of four datagrams; the group ones do not pass here.
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThanOrEqual(12);
    expect((await part.read()).reading.kind).toBe('unavailable');
    await pause(2_000);
    expect(await asked()).toBe(before);
    expect(part.triggers()).toEqual([]);
  });

  test('strangers are ignored and counted', async () => {
    const network = await routerNetwork(lab);
    await startMiniupnpd(lab, network);
    const part = await RouterPart.start(lab, network.host);
    await part.logged('router_events_subscribed');
    await pause(300);
    const forge = `
      const socket = require('node:dgram').createSocket('udp4');
      const notice = Buffer.from([0, 128, 0, 0, 0, 0, 0, 1, 8, 8, 8, 8]);
      const announce = Buffer.alloc(24); announce[0] = 2; announce[1] = 128;
      const alive = 'NOTIFY * HTTP/1.1\\r\\nNT: urn:schemas-upnp-org:device:InternetGatewayDevice:1\\r\\nNTS: ssdp:alive\\r\\nLOCATION: http://${STRANGER}/\\r\\n\\r\\n';
      socket.bind(5351, '${STRANGER}', () => {
        socket.setMulticastInterface('${STRANGER}');
        socket.send(notice, 5350, '224.0.0.1');
        socket.send(announce, 5350, '224.0.0.1');
        socket.send(notice, 5350, '${HOST}');
        socket.send(alive, 1900, '239.255.255.250', () => setTimeout(() => socket.close(), 200));
      });`;
    const { code, stderr } = await network.stranger.run([process.execPath, '-e', forge]);
    expect([code, stderr]).toEqual([0, '']);
    // An event to the port that listens for them, from the stranger.
    const { stdout } = await network.host.run(['ss', '-Hltn']);
    const port = /192\.168\.1\.10:(\d+)/.exec(stdout)?.[1];
    const event = `
      const socket = require('node:net').connect(${port}, '${HOST}');
      socket.on('error', () => {}).on('close', () => console.log('cut')).on('data', () => console.log('answered'));
      socket.end('NOTIFY /x HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n');`;
    expect((await network.stranger.run([process.execPath, '-e', event])).stdout.trim()).toBe('cut');
    const { ignored } = await part.standing();
    expect(ignored).toMatchObject({
      'a notice from a stranger': 3,
      'a notice of a gateway from a stranger': 1,
      'a connection from a stranger': 1,
    });
    expect(part.triggers()).toEqual([]);
  });

  test('tells over IPv6 too, by PCP from its link-local address', async () => {
    const network = await routerNetwork(lab);
    await network.router.addAddress('lan', 'fe80::1/64');
    await network.stranger.addAddress('eth0', 'fe80::66/64');
    await network.host.addAddress('eth0', 'fe80::10/64');
    const part = await RouterPart.start(lab, network.host, {}, snapshotOf('fe80::1'));
    await eventually('it listens', () => network.host.listens('udp', 5350));
    const announce = (device: string) => `
      const socket = require('node:dgram').createSocket('udp6');
      const announce = Buffer.alloc(24); announce[0] = 2; announce[1] = 128;
      socket.bind(5351, () => {
        socket.setMulticastInterface('::%${device}');
        socket.send(announce, 5350, 'ff02::1%${device}', () => socket.close());
      });`;
    await network.stranger.run([process.execPath, '-e', announce('eth0')]);
    await pause(300);
    expect(part.triggers()).toEqual([]);
    await network.router.run([process.execPath, '-e', announce('lan')]);
    const { trigger } = await part.trigger(({ source }) => source === 'pcp');
    expect(trigger.detail).toContain('fe80::1');
  });

  test('another gateway is followed, and the old one is no longer believed', async () => {
    const network = await routerNetwork(lab);
    await startMiniupnpd(lab, network);
    const part = await RouterPart.start(lab, network.host);
    await part.logged('router_events_subscribed');
    await pause(300);
    const after = part.messages.mark();
    part.order({ snapshot: snapshotOf('192.168.1.2') });
    await pause(300);
    await network.change('203.0.114.30');
    await pause(1_000);
    expect(part.triggers(after)).toEqual([]);
    expect((await part.standing()).ignored['a notice from a stranger']).toBeGreaterThan(0);
  });

  test('stopped, it takes leave of the router and ends', async () => {
    const network = await routerNetwork(lab);
    const daemon = await startMiniupnpd(lab, network);
    const part = await RouterPart.start(lab, network.host);
    await part.logged('router_events_subscribed');
    await pause(300);
    part.order({ stop: true });
    expect(await part.process.exited).toEqual({ code: 0, signal: null });
    await daemon.line('UNSUBSCRIBE');
  });
});
