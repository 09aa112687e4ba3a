import { createSocket, type Socket } from 'node:dgram';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { address } from '../../../src/model/address.ts';
import type { Gateway } from '../../../src/sources/router/gateway.ts';
import { hostRouterNetwork, type RouterNetwork } from '../../../src/sources/router/network.ts';
import { description, event, service, soapAnswer } from '../../net/upnp/documents.ts';

export const LOOPBACK = address('127.0.0.1');
export const GATEWAY: Gateway = {
  family: 'ipv4',
  address: LOOPBACK,
  interface: 'lo',
  localAddress: LOOPBACK,
};

export interface Subscription {
  readonly sid: string;
  readonly callback: URL;
}

/** A router on the loopback that speaks what it is told to, and counts what it is asked. */
export class FakeRouter {
  natPmp: string | 'silent' | 'refuses' = 'silent';
  pcp: string | 'silent' = 'silent';
  upnp: string | 'silent' = 'silent';
  epoch = 1_000;
  /** More services than one, each with its address. */
  addresses: readonly string[] | undefined;
  location: string | undefined;
  /** BOOTID.UPNP.ORG in answers to a search. */
  boot: string | undefined;
  /** False if no event comes after a subscription is granted, as where a firewall keeps it out. */
  delivers = true;
  readonly asked = {
    natPmp: 0,
    pcp: 0,
    searches: 0,
    descriptions: 0,
    calls: 0,
    subscribes: 0,
    renewals: 0,
    farewells: 0,
  };
  readonly subscriptions: Subscription[] = [];
  readonly mapped: number[] = [];
  readonly #udp = createSocket('udp4');
  /** Its port is shared: whoever talks to this router listens there, too. */
  readonly #ssdp = createSocket({ type: 'udp4', reuseAddr: true });
  #http: Server;

  private constructor() {
    this.#http = this.#server();
    this.#udp.on('message', (datagram, from) => {
      const answer = this.#answer(datagram);
      if (answer !== undefined) this.#udp.send(answer, from.port, from.address);
    });
    this.#ssdp.on('message', (_, from) => {
      this.asked.searches += 1;
      if (this.upnp === 'silent') return;
      const place = this.location ?? `http://127.0.0.1:${this.httpPort}/root.xml`;
      const target = 'urn:schemas-upnp-org:device:InternetGatewayDevice:1';
      const numbered = this.boot === undefined ? '' : `BOOTID.UPNP.ORG: ${this.boot}\r\n`;
      this.#ssdp.send(
        `HTTP/1.1 200 OK\r\nST: ${target}\r\nLOCATION: ${place}\r\n${numbered}\r\n`,
        from.port,
        from.address,
      );
    });
  }

  static async start(): Promise<FakeRouter> {
    const router = new FakeRouter();
    await Promise.all([bound(router.#udp), bound(router.#ssdp), listening(router.#http)]);
    return router;
  }

  get httpPort(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  /** This router's ports, and small waits. Notices go to a port of the loopback where nothing listens unless told. */
  network(notices = 0): RouterNetwork {
    return {
      ...hostRouterNetwork,
      request,
      retransmission: { timeout: 15, requests: 3 },
      patience: { unicast: 40, multicast: 40 },
      deadline: 1_000,
      ports: { gateway: this.#udp.address().port, notices, ssdp: this.#ssdp.address().port },
    };
  }

  /** Sends from the port of NAT-PMP and PCP, as a notice does. */
  say(datagram: Uint8Array, port: number): Promise<void> {
    return new Promise((sent) => this.#udp.send(datagram, port, '127.0.0.1', () => sent()));
  }

  /** Sends an event to all who are subscribed; answers the status codes. */
  async tell(variables: Readonly<Record<string, string>>, sid?: string): Promise<number[]> {
    return Promise.all(this.subscriptions.map((subscription) => notify(subscription, variables, sid)));
  }

  /** Sends an event of one service alone. */
  async tellOf(index: number, variables: Readonly<Record<string, string>>): Promise<number> {
    const subscription = this.subscriptions[index];
    if (subscription === undefined) throw new Error(`there is no subscription ${index}`);
    return notify(subscription, variables);
  }

  /** Forgets all subscriptions and serves on another port, as miniupnpd does. */
  async restart(): Promise<void> {
    this.#http.close();
    this.#http.closeAllConnections();
    this.subscriptions.length = 0;
    this.#http = this.#server();
    await listening(this.#http);
  }

  close(): void {
    this.#udp.close();
    this.#ssdp.close();
    this.#http.close();
    this.#http.closeAllConnections();
  }

  #server(): Server {
    return createServer((incoming, response) => void this.#serve(incoming, response));
  }

  #answer(datagram: Buffer): Buffer | undefined {
    if (datagram[0] === 2) {
      this.asked.pcp += 1;
      if (this.pcp === 'silent')
        return this.natPmp === 'silent' ? undefined : Buffer.from('0081000100000000', 'hex');
      if (datagram[1] === 0) return announce(this.epoch);
      this.mapped.push(datagram.readUInt32BE(4));
      const answer = Buffer.alloc(60);
      datagram.copy(answer, 24, 24, 60);
      answer.set([2, 0x81], 0);
      answer.writeUInt32BE(datagram.readUInt32BE(4), 4);
      answer.writeUInt32BE(this.epoch, 8);
      answer.fill(0, 44).set([0xff, 0xff, ...this.pcp.split('.').map(Number)], 54);
      return answer;
    }
    this.asked.natPmp += 1;
    if (this.natPmp === 'silent') return this.pcp === 'silent' ? undefined : Buffer.alloc(24).fill(2, 0, 1);
    return notice(this.natPmp === 'refuses' ? undefined : this.natPmp, this.epoch);
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    incoming.resume();
    const { headers, method = '', url = '' } = incoming;
    if (method === 'GET') {
      this.asked.descriptions += 1;
      const count = this.addresses?.length ?? 1;
      const services = Array.from({ length: count }, (_, index) =>
        service({ type: 'WANIPConnection:1', control: `/ctl/${index}`, events: `/evt/${index}` }),
      );
      return void response.end(description(services));
    }
    if (method === 'POST') {
      this.asked.calls += 1;
      const index = Number(url.split('/').at(-1));
      return void response.end(
        soapAnswer(this.addresses?.[index] ?? (this.upnp === 'silent' ? '' : this.upnp)),
      );
    }
    const sid = String(headers['sid'] ?? '');
    const index = this.subscriptions.findIndex((one) => one.sid === sid);
    if (method === 'UNSUBSCRIBE') {
      this.asked.farewells += 1;
      if (index >= 0) this.subscriptions.splice(index, 1);
      return void response.end();
    }
    if (sid !== '') {
      this.asked.renewals += 1;
      return void response.writeHead(index < 0 ? 412 : 200, { sid, timeout: 'Second-1800' }).end();
    }
    this.asked.subscribes += 1;
    const callback = /^<(.*)>$/.exec(String(headers['callback']))?.[1] ?? '';
    const made = { sid: `uuid:${this.asked.subscribes}`, callback: new URL(callback) };
    this.subscriptions.push(made);
    response.writeHead(200, { sid: made.sid, timeout: 'Second-1800' }).end();
    if (this.delivers) await notify(made, { ConnectionStatus: 'Connected', ExternalIPAddress: this.upnp });
  }
}

/** A NAT-PMP answer or multicast. */
export function notice(outside: string | undefined, epoch: number): Buffer {
  const octets = Buffer.alloc(12);
  octets.set([0, 128, 0, outside === undefined ? 3 : 0]);
  octets.writeUInt32BE(epoch, 4);
  octets.set((outside ?? '0.0.0.0').split('.').map(Number), 8);
  return octets;
}

export function announce(epoch: number): Buffer {
  const octets = Buffer.alloc(24);
  octets.set([2, 128]);
  octets.writeUInt32BE(epoch, 8);
  return octets;
}

function notify(
  { sid, callback }: Subscription,
  variables: Readonly<Record<string, string>>,
  other?: string,
): Promise<number> {
  return new Promise((resolve) => {
    const headers = { nt: 'upnp:event', nts: 'upnp:propchange', sid: other ?? sid, seq: '0' };
    const outgoing = request(callback, { method: 'NOTIFY', headers, agent: false }, (incoming) => {
      incoming.resume();
      resolve(incoming.statusCode ?? 0);
    });
    outgoing.on('error', () => resolve(0));
    outgoing.end(event(variables));
  });
}

const bound = (socket: Socket) => new Promise<void>((ready) => socket.bind(0, '127.0.0.1', ready));
const listening = (server: Server) => new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
