import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** Answers whatever it is sent with the same datagrams, one after the other. */
export class BluntDatagrams {
  #said: readonly Uint8Array[] = [];
  #socket: Promise<Socket> | undefined;

  /** The port, from now on with these datagrams behind it. */
  async answering(datagrams: readonly Uint8Array[]): Promise<number> {
    this.#said = datagrams;
    this.#socket ??= this.#open();
    return (await this.#socket).address().port;
  }

  async #open(): Promise<Socket> {
    const socket = createSocket('udp4');
    // Whoever asked may be gone by now.
    socket.on('error', () => {});
    socket.on('message', (_, { port, address }) => {
      for (const datagram of this.#said) socket.send(datagram, port, address, () => {});
    });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    // It must not keep the process alive.
    return socket.unref();
  }
}
