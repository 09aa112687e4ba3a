import { createConnection, type Socket } from 'node:net';
import { type Exchange, type Exchanged, ExchangeFailure, peerText, systemErrorText } from './exchange.ts';
import { Deframer, frame } from './framing.ts';

/**
 * One exchange over a TCP connection of its own (RFC 7766), inside TLS if the task says so (RFC 7858). An acceptable answer ends it;
 * so does one that is plainly an answer of this connection but not acceptable, since nobody off the path can have put it there.
 * @param earlier how often the request was already sent over UDP
 * @param connecting milliseconds to connect
 */
export function exchangeTcp<Value>(
  task: Exchange<Value>,
  earlier: number,
  connecting = task.timing.stream,
): Promise<Exchanged<Value>> {
  const { peer, signal, timing } = task;
  return new Promise((resolve, reject) => {
    const socket = openStream(task);
    const layer = task.transport === 'tls' ? 'TLS' : 'TCP';
    const deframer = new Deframer();
    let written = false;
    let over = false;

    const finish = (end: () => void): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      clearTimeout(early);
      signal.removeEventListener('abort', abort);
      socket.destroy();
      end();
    };
    const fail = (kind: ExchangeFailure['kind'], message: string): void =>
      finish(() => reject(new ExchangeFailure(kind, written || earlier > 0, message)));
    const abort = (): void => fail('aborted', `stopped while waiting for ${peerText(peer)} over ${layer}`);
    const late = (): void => {
      if (written) fail('timeout', `no answer from ${peerText(peer)} over ${layer}`);
      else fail('unreachable', `cannot connect to ${peerText(peer)} over ${layer} in time`);
    };
    const timer = setTimeout(late, timing.stream);
    const early = setTimeout(late, Math.min(connecting, timing.stream));

    const take = (message: Uint8Array): void => {
      const judgement = task.judge(message);
      switch (judgement.kind) {
        case 'answer':
        case 'doubtful':
          finish(() => resolve({ value: judgement.value, sendings: earlier + 1 }));
          break;
        case 'truncated':
          fail('broken', `${peerText(peer)} cut its answer off even over ${layer}`);
          break;
        case 'stranger':
          if (judgement.why !== undefined) fail('broken', `${peerText(peer)} answered, but ${judgement.why}`);
          break;
      }
    };

    signal.addEventListener('abort', abort, { once: true });
    socket.on(layer === 'TLS' ? 'secureConnect' : 'connect', () => {
      written = true;
      clearTimeout(early);
      socket.write(frame(task.request));
    });
    socket.on('data', (chunk) => {
      for (const message of deframer.push(chunk)) if (!over) take(message);
    });
    socket.on('error', (error) => {
      if (written) fail('broken', `connection to ${peerText(peer)} broke: ${systemErrorText(error)}`);
      else
        fail('unreachable', `cannot connect to ${peerText(peer)} over ${layer}: ${systemErrorText(error)}`);
    });
    socket.on('close', () => fail('broken', `${peerText(peer)} closed the connection without an answer`));
  });
}

function openStream<Value>({ peer, transport, tlsName, localAddress }: Exchange<Value>): Socket {
  const place = { host: peer.host, port: peer.port, ...(localAddress === undefined ? {} : { localAddress }) };
  if (transport !== 'tls') return createConnection(place);
  // Said here, `rejectUnauthorized` also outweighs NODE_TLS_REJECT_UNAUTHORIZED=0. Without a name the certificate must hold the address.
  const name = tlsName === undefined ? {} : { servername: tlsName };
  // Not imported: that would cost every start 4 ms, of those too that never speak TLS to a name server.
  const { connect } = process.getBuiltinModule('node:tls');
  return connect({ ...place, ...name, rejectUnauthorized: true });
}
