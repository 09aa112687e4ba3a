import { afterEach, beforeEach, expect, test } from 'vitest';
import { countTraffic } from '../../bench/support/traffic.ts';
import { HOST, ROUTER, type RouterNetworkLab, routerNetwork } from './router-lab.ts';
import { Lab } from './support/lab.ts';
import { describeLab } from './support/needs.ts';

describeLab('the count of what a host sends', ['nft'], () => {
  let lab: Lab;
  let network: RouterNetworkLab;

  beforeEach(async () => {
    lab = await Lab.open();
    network = await routerNetwork(lab);
  });
  afterEach(() => lab.close());

  /** One datagram of three octets from the host. */
  const send = async (port: number, to: string): Promise<void> => {
    const program = `const socket = require('node:dgram').createSocket('udp4');
      socket.bind(0, '${HOST}', () => {
        socket.setMulticastInterface('${HOST}');
        socket.send('abc', ${port}, '${to}', () => socket.close());
      });`;
    const { code, stderr } = await network.host.run([process.execPath, '-e', program]);
    expect(code, stderr).toBe(0);
  };

  test('goes by what it is about, refusals of the router and multicasts of the host included', async () => {
    const traffic = await countTraffic(network.host);
    const counted = await traffic.during(async () => {
      await send(1900, ROUTER);
      await send(1900, '239.255.255.250');
      await send(5351, ROUTER);
      await send(3478, ROUTER);
      await send(9, ROUTER);
    });
    // 20 octets of IP, 8 of UDP, 3 of text; a refusal is 28 octets before all of these.
    const refused = { packets: 1, bytes: 31 + 59 };
    expect(counted).toMatchObject({
      search: { packets: 2, bytes: refused.bytes + 31 },
      gateway: refused,
      keepWatch: refused,
      dns: { packets: 0, bytes: 0 },
      tcp: { packets: 0, bytes: 0 },
      rest: refused,
    });
    expect(counted.arp.packets).toBeGreaterThan(0);
  });

  test('leaves out what others say to everybody', async () => {
    const traffic = await countTraffic(network.host);
    const program = `const socket = require('node:dgram').createSocket('udp4');
      socket.bind(0, '${ROUTER}', () => {
        socket.setMulticastInterface('${ROUTER}');
        socket.send('abc', 1900, '224.0.0.1', () => socket.close());
      });`;
    const { rest, search } = await traffic.during(() =>
      network.router.run([process.execPath, '-e', program]),
    );
    expect([rest.bytes, search.bytes]).toEqual([0, 0]);
  });
});
