import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';

/** Says the same octets to whoever connects and has said something, and hangs up. */
export class BluntServer {
  #octets: Uint8Array = new Uint8Array();
  #server: Promise<Server> | undefined;

  /** The port, from now on with these octets behind it. */
  async answering(octets: Uint8Array): Promise<number> {
    this.#octets = octets;
    this.#server ??= this.#open();
    return ((await this.#server).address() as AddressInfo).port;
  }

  async #open(): Promise<Server> {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end(this.#octets));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    // It must not keep the process alive.
    return server.unref();
  }
}
