import { createSocket, type SocketOptions } from 'node:dgram';
import { type IpAddress, parseAddress } from '../../model/address.ts';
import { FAMILIES, type Family } from '../../model/family.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { OUTSIDE } from '../outside-world.ts';

/** The address that the system would send from, to somewhere outside; `undefined` if it has no way there. Never rejects. */
export type SourceOf = (family: Family) => Promise<IpAddress | undefined>;

/**
 * Adds by which interface each family leaves for the world. The default routes of the main table do not tell: wg-quick sends everything
 * to a table of its own by a rule, and OpenVPN covers the default by two halves (0.0.0.0/1, 128.0.0.0/1).
 */
export async function withWaysOut(snapshot: Snapshot, sourceOf: SourceOf): Promise<Snapshot> {
  const found = await Promise.all(
    FAMILIES.map(async (family) => {
      const source = await sourceOf(family);
      const owner = snapshot.interfaces.find((one) =>
        one.addresses.some(({ address }) => address === source),
      );
      return owner === undefined ? [] : [[family, owner.name] as const];
    }),
  );
  return { ...snapshot, waysOut: Object.fromEntries(found.flat()) };
}

/** From a connected datagram socket: the kernel looks its route up and takes the address, and not an octet is sent. Any system can. */
export const sourceTowardsOutside: SourceOf = (family) =>
  new Promise((resolve) => {
    const socket = createSocket({ type: family === 'ipv4' ? 'udp4' : 'udp6', lookup: itself });
    let settled = false;
    const settle = (address?: IpAddress): void => {
      if (settled) return;
      settled = true;
      socket.close();
      resolve(address);
    };
    // Stays on after the end: an error of a closing socket without a listener would end the process.
    socket.on('error', () => settle());
    // Node passes connect's error to the callback, which its type does not say.
    const connected = (error?: Error): void =>
      settle(error ? undefined : parseAddress(socket.address().address.replace(/%.*$/, '')));
    socket.connect(DISCARD, OUTSIDE[family], connected as () => void);
  });

/** The names here are addresses. Node's own lookup would find out by an expression that takes 8 ms of the start to compile (Node 20). */
const itself: SocketOptions['lookup'] = (address, { family }, done) =>
  done(null, address, family === 6 || family === 'IPv6' ? 6 : 4);

/** RFC 863; no port is ever reached. */
const DISCARD = 9;
