import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Lab } from './support/lab.ts';
import type { Namespace } from './support/namespace.ts';
import type { HomeNetwork } from './support/networks.ts';
import type { LabProcess } from './support/process.ts';

// Answers each STUN request that it sees with two lies: one from an address of its own, with the right transaction id; and one from the
// server's own address and port, with a wrong id.
const FORGER = `
const [server, own, lie] = process.argv.slice(2);
const { createSocket } = require('node:dgram');
const [seen, strange] = [createSocket('udp4'), createSocket('udp4')];
const COOKIE = 0x2112a442;
const forged = (id, port) => {
  const answer = Buffer.alloc(32);
  answer.writeUInt16BE(0x0101, 0);
  answer.writeUInt16BE(12, 2);
  answer.writeUInt32BE(COOKIE, 4);
  id.copy(answer, 8);
  answer.writeUInt16BE(0x0020, 20);
  answer.writeUInt16BE(8, 22);
  answer[25] = 1;
  answer.writeUInt16BE(port ^ (COOKIE >>> 16), 26);
  Buffer.from(lie.split('.').map(Number)).copy(answer, 28);
  answer.writeUInt32BE((answer.readUInt32BE(28) ^ COOKIE) >>> 0, 28);
  return answer;
};
seen.on('message', (request, { address, port }) => {
  if (request.length < 20 || request.readUInt16BE(0) !== 1) return;
  const id = request.subarray(8, 20);
  const other = Buffer.from(id);
  other[11] ^= 1;
  strange.send(forged(id, port), port, address, () =>
    seen.send(forged(other, port), port, address, () => console.log('forged for ' + address)));
});
seen.bind(3478, server, () => strange.bind(3478, own, () => console.log('ready')));
`;

export interface Forger {
  readonly process: LabProcess;
  /** Lies that have reached the host, from the stranger's address and from the server's. */
  arrived(): Promise<{ readonly strange: number; readonly wrongId: number }>;
}

/**
 * Somebody beside the STUN server who sees each request and is quicker with lies: `lie` is the address it tells. The router lets the
 * stranger's datagrams through to the host, as one with a full cone does.
 */
export async function startForger(
  lab: Lab,
  { host, router, outside, server }: HomeNetwork,
  { own, lie }: { readonly own: string; readonly lie: string },
): Promise<Forger> {
  const forger: Namespace = await lab.namespace('forger');
  await lab.cable({ namespace: outside, device: 'spy' }, { namespace: forger, device: 'eth0' });
  await outside.addAddress('spy', '10.9.9.1/24');
  await forger.addAddress('eth0', '10.9.9.2/24');
  for (const address of [server, own]) await forger.addAddress('lo', `${address}/32`);
  await forger.defaultRoute('10.9.9.1', { device: 'eth0' });
  await outside.forward();
  // It sends from the address that the host outside has itself.
  await outside.sysctl('net.ipv4.conf.spy.accept_local', '1');
  await outside.nft(`
    table ip spying {
      chain before {
        type filter hook prerouting priority raw
        iifname "eth0" udp dport 3478 dup to 10.9.9.2 device "spy"
      }
    }`);
  const address = '192.168.1.10';
  await router.nft(`
    table ip full_cone {
      chain before {
        type nat hook prerouting priority dstnat
        iifname "wan" ip saddr ${own} udp sport 3478 dnat to ${address}
      }
    }`);
  await host.nft(`
    table ip heard {
      counter strange { }
      counter known { }
      chain in {
        type filter hook input priority filter
        udp sport 3478 ip saddr ${own} counter name strange
        udp sport 3478 ip saddr ${server} counter name known
      }
    }`);
  const file = path.join(lab.folder('forger'), 'forger.cjs');
  writeFileSync(file, FORGER);
  const process_ = forger.spawn([process.execPath, file, server, own, lie]);
  await process_.line('ready');
  const count = async (name: string): Promise<number> => {
    const { stdout } = await host.run(['nft', 'list', 'counter', 'ip', 'heard', name]);
    return Number(/packets (\d+)/.exec(stdout)?.[1] ?? Number.NaN);
  };
  return {
    process: process_,
    arrived: async () => ({ strange: await count('strange'), wrongId: await count('known') }),
  };
}
