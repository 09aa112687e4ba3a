import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Lab } from './lab.ts';
import type { Namespace } from './namespace.ts';
import type { LabProcess } from './process.ts';

// Hands datagrams on to the name server and its answers back. Before the first UPDATE (opcode 5, RFC 2136 section 2.2) passes,
// the command given is run to its end.
const PROGRAM = `
const dgram = require('node:dgram');
const { execFileSync } = require('node:child_process');
const { listen, to, before } = JSON.parse(process.argv[2]);
let waiting = true;
const front = dgram.createSocket('udp4');
front.on('message', (message, peer) => {
  if (waiting && ((message[2] >> 3) & 15) === 5) {
    waiting = false;
    execFileSync(before.command[0], before.command.slice(1), { input: before.input });
    console.log('intervened');
  }
  const back = dgram.createSocket('udp4');
  back.on('message', (answer) => { front.send(answer, peer.port, peer.address); back.close(); });
  back.send(message, to, '127.0.0.1');
});
front.bind(listen, () => console.log('relaying'));
`;

export interface RelayOptions {
  readonly listen: number;
  /** The port of the name server on the same host. */
  readonly to: number;
  /** Run once, between the client's reading and its update: somebody else's change. */
  readonly before: { readonly command: readonly string[]; readonly input: string };
}

/** Stands between a client and a name server, so that a zone changes in between what the client read and what it writes. */
export async function startRelay(lab: Lab, namespace: Namespace, options: RelayOptions): Promise<LabProcess> {
  const program = path.join(lab.folder('relay'), 'relay.cjs');
  writeFileSync(program, PROGRAM);
  const relay = namespace.spawn([process.execPath, program, JSON.stringify(options)]);
  await relay.line('relaying');
  return relay;
}
