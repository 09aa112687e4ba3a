import path from 'node:path';
import type { Lab } from './lab.ts';
import { eventually } from './moment.ts';
import type { Namespace } from './namespace.ts';
import type { LabProcess } from './process.ts';

export interface TurnOptions {
  /** Addresses to listen on; two make it answer the tests of RFC 5780 as well. */
  readonly addresses: readonly string[];
  readonly port?: number;
}

/** coturn as a mere STUN server; waits until it listens. */
export async function startTurnserver(
  lab: Lab,
  namespace: Namespace,
  { addresses, port = 3478 }: TurnOptions,
): Promise<LabProcess> {
  const folder = lab.folder('turn');
  const turn = namespace.spawn(
    [
      'turnserver',
      // No configuration file, STUN only: no accounts, no relaying, no console.
      ...['-n', '--stun-only', '--no-tls', '--no-dtls', '--no-cli', '--log-file', 'stdout', '--simple-log'],
      ...['--pidfile', path.join(folder, 'pid'), '--userdb', path.join(folder, 'users')],
      ...['--listening-port', String(port)],
      ...addresses.flatMap((address) => ['--listening-ip', address]),
    ],
    { folder },
  );
  await eventually('coturn listens', () => {
    if (!turn.running) throw new Error(turn.output());
    return namespace.listens('udp', port);
  });
  return turn;
}
