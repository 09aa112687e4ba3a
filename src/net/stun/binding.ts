import type { Socket } from 'node:dgram';
import type { IpAddress } from '../../model/address.ts';
import type { Family } from '../../model/family.ts';
import {
  explain,
  failed,
  hostNetwork,
  isFrom,
  type Retransmission,
  resolve,
  type StunNetwork,
  type StunResult,
} from './exchange.ts';
import { decodeBindingAnswer, encodeBindingRequest, TRANSACTION_ID_LENGTH } from './message.ts';

export interface BindingPlace {
  readonly host: string;
  readonly port: number;
  readonly family: Family;
  /** Source address, where one has to be used; of the same family. */
  readonly localAddress?: IpAddress | undefined;
}

/** One socket that asks one server again and again, so that a NAT on the way keeps one mapping for it. */
export interface Binding {
  /**
   * One transaction; a second one only after the first has ended. Whatever the world does wrong is a result; rejects only with the
   * signal's reason.
   */
  ask(signal: AbortSignal, retransmission?: Retransmission): Promise<StunResult>;
  /** Where the server was found, once it has been looked up. */
  readonly server: IpAddress | undefined;
  /** Idempotent. What is being asked then is never answered, but for its signal. */
  close(): void;
}

/** A request and two repetitions within 3.5 s: the next regular one is not far. */
const BRIEF: Retransmission = { timeout: 500, requests: 3, lastWait: 4 };

/** Nothing is sent, resolved or opened before the first question. */
export function openBinding(
  place: BindingPlace,
  randomBytes: (count: number) => Uint8Array,
  network: StunNetwork = { ...hostNetwork, retransmission: BRIEF },
): Binding {
  let open: { readonly socket: Socket; readonly server: IpAddress } | undefined;
  let closed = false;

  return {
    get server() {
      return open?.server;
    },
    ask: async (signal, retransmission = network.retransmission) => {
      signal.throwIfAborted();
      if (open === undefined) {
        const resolved = await resolve({ ...place, signal }, network);
        if (resolved.kind === 'failed') return resolved;
        const socket = network.createSocket(place.family === 'ipv4' ? 'udp4' : 'udp6');
        // Stays on: an error between two questions (a refusal that comes late) concerns nobody, and must not end the process.
        socket.on('error', () => {});
        const why = await connect(socket, resolved.address, place);
        if (why !== undefined || closed || signal.aborted) {
          socket.close();
          signal.throwIfAborted();
          return failed(why ?? 'closed');
        }
        open = { socket, server: resolved.address };
      }
      const id = randomBytes(TRANSACTION_ID_LENGTH);
      return transact(open.socket, { ...place, server: open.server, id, signal }, retransmission);
    },
    close: () => {
      closed = true;
      open?.socket.close();
      open = undefined;
    },
  };
}

/** Resolves with what went wrong, if anything did. */
function connect(socket: Socket, server: IpAddress, place: BindingPlace): Promise<string | undefined> {
  return new Promise((settle) => {
    const broken = (error: NodeJS.ErrnoException) => settle(explain(error, place.localAddress));
    socket.once('error', broken);
    // Node passes connect's error to the callback, which its type does not say.
    const connected = (error?: NodeJS.ErrnoException) => {
      socket.off('error', broken);
      settle(error && explain(error, place.localAddress));
    };
    const go = () => socket.connect(place.port, server, connected as () => void);
    if (place.localAddress === undefined) go();
    else socket.bind({ address: place.localAddress, port: 0, exclusive: true }, go);
  });
}

interface Transaction extends BindingPlace {
  readonly server: IpAddress;
  readonly id: Uint8Array;
  readonly signal: AbortSignal;
}

function transact(
  socket: Socket,
  { server, port, id, signal, localAddress }: Transaction,
  retransmission: Retransmission,
): Promise<StunResult> {
  const request = encodeBindingRequest(id);
  let timer: NodeJS.Timeout | undefined;
  return new Promise((resolve, reject) => {
    const finish = (act: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      socket.off('message', heard);
      socket.off('error', broken);
      socket.off('close', gone);
      act();
    };
    const done = (result: StunResult) => finish(() => resolve(result));
    const abort = () => finish(() => reject(signal.reason));
    const broken = (error: NodeJS.ErrnoException) => done(failed(explain(error, localAddress)));
    const gone = () => done(failed('closed'));
    const heard = (datagram: Buffer, sender: { readonly address: string; readonly port: number }) => {
      if (!isFrom(sender, server, port)) return;
      const answer = decodeBindingAnswer(datagram, id);
      if (answer !== undefined) done(answer);
    };
    const send = (count: number) => {
      socket.send(request, (error) => error && broken(error));
      const last = count === retransmission.requests;
      const wait = retransmission.timeout * (last ? retransmission.lastWait : 2 ** (count - 1));
      const silent = () => done(failed(`no answer to ${count} requests`));
      timer = setTimeout(last ? silent : () => send(count + 1), wait);
    };
    signal.addEventListener('abort', abort, { once: true });
    socket.on('message', heard);
    socket.on('error', broken);
    socket.on('close', gone);
    send(1);
  });
}
