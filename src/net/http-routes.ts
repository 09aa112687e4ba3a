import { isIP, Socket } from 'node:net';
import type { Dispatcher, Pool } from 'undici';
import connect from 'undici/lib/api/api-connect.js';
import buildConnector, { type Connector } from 'undici/lib/core/connect.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import UndiciPool from 'undici/lib/dispatcher/pool.js';
import ProxyAgent from 'undici/lib/dispatcher/proxy-agent.js';
import type { Family } from '../model/family.ts';
import { HttpFailure } from './http.ts';
import { type ProxyEnvironment, proxyFor } from './http-proxy.ts';
import { hostLookup } from './lookup.ts';

/** How requests leave this host: which family, from which address, through which proxy, over which pooled connections. */
export interface Routes {
  /** The dispatcher that leads to `url`; throws `HttpFailure` if none may. */
  towards(url: URL): Dispatcher;
  /** Closes all connections, those in use and those being opened too; resolves when they are gone. */
  destroy(): Promise<void>;
}

export interface RouteInit {
  readonly family?: Family;
  readonly localAddress?: string;
  /** Connections to one origin at most; default 4. */
  readonly connections?: number;
  readonly proxy?: ProxyEnvironment;
}

// Idle connections are kept for the next requests of one batch only: servers close theirs after 5 s and more, and a request
// written onto a connection that is just being closed is one whose effect is unclear.
const IDLE_MILLISECONDS = 4_000;
// A connection outlives the request that asked for it; the request's own deadline is the caller's signal.
const CONNECT_MILLISECONDS = 10_000;

export function createRoutes(init: RouteInit): Routes {
  const family = numberOf(init);
  // Also those being opened, for which undici's own `destroy` would wait. A signal given to each would keep every one that ever was: Node takes
  // its listener off when the signal aborts and not when the socket closes.
  const sockets = new Set<Socket>();
  const kept =
    (open: Connector): Connector =>
    (to, done) => {
      const socket = open(to, done);
      // A tunnel through a proxy is none by itself: it ends with the connection to the proxy.
      if (!(socket instanceof Socket)) return socket;
      sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => sockets.delete(socket));
      return socket;
    };
  const { localAddress } = init;
  const socket = {
    ...(family === undefined ? {} : { family }),
    lookup: hostLookup,
    // Said here, it also outweighs NODE_TLS_REJECT_UNAUTHORIZED=0. NODE_EXTRA_CA_CERTS adds to the trusted.
    rejectUnauthorized: true,
    timeout: CONNECT_MILLISECONDS,
  };
  const options: Pool.Options = {
    connections: init.connections ?? 4,
    pipelining: 1,
    keepAliveTimeout: IDLE_MILLISECONDS,
    keepAliveMaxTimeout: IDLE_MILLISECONDS,
    // Only the caller's signal ends a request: undici's timers are coarse (300 ms fire at 939).
    headersTimeout: 0,
    bodyTimeout: 0,
    // Inside `connect` undici ignores it.
    ...(localAddress === undefined ? {} : { localAddress }),
  };
  const direct = new Agent({ ...options, connect: kept(buildConnector(socket)) });
  const proxied = new Map<string, Dispatcher>();

  const throughProxy = (proxy: URL): Dispatcher => {
    // For the connections to the proxy itself, which by default would be unlimited and wait five minutes for an answer. The
    // method that asks for a tunnel is otherwise added by the index of undici, which loads all the rest.
    const makePool = (origin: string | URL, more: Pool.Options): Dispatcher => {
      const own = isConnector(more.connect) ? { connect: kept(more.connect) } : {};
      return Object.assign(new UndiciPool(origin, { ...options, ...more, ...own }), { connect });
    };
    return new ProxyAgent({
      ...options,
      uri: proxy.href,
      // Plain HTTP needs no tunnel: the proxy is asked for the whole URL (RFC 9112 section 3.2.2).
      proxyTunnel: false,
      proxyTls: socket,
      requestTls: socket,
      factory: makePool,
      clientFactory: (origin, more) => makePool(origin, { ...more, headersTimeout: CONNECT_MILLISECONDS }),
    });
  };

  return {
    towards: (url) => {
      const proxy = init.proxy === undefined ? undefined : proxyFor(url, init.proxy);
      refuseOtherFamily(proxy ?? url, family);
      if (proxy === undefined) return direct;
      const known = proxied.get(proxy.href) ?? throughProxy(proxy);
      proxied.set(proxy.href, known);
      return known;
    },
    destroy: async () => {
      const gone = Promise.all([direct, ...proxied.values()].map((dispatcher) => dispatcher.destroy()));
      for (const socket of sockets) socket.destroy(AbortSignal.abort().reason);
      await gone;
    },
  };
}

const isConnector = (value: unknown): value is Connector => typeof value === 'function';

function numberOf(init: RouteInit): 4 | 6 | undefined {
  // A source address fits one family only; without saying so a name with both gives EINVAL at bind.
  if (init.localAddress !== undefined) return isIP(init.localAddress) === 6 ? 6 : 4;
  if (init.family === undefined) return undefined;
  return init.family === 'ipv6' ? 6 : 4;
}

/** `family` steers the resolver only; an address in the URL would be used whatever it says. */
function refuseOtherFamily(url: URL, family: 4 | 6 | undefined): void {
  const literal = isIP(url.hostname.replace(/^\[|\]$/g, ''));
  if (family === undefined || literal === 0 || literal === family) return;
  const why = `it is an IPv${literal} address, and only IPv${family} is to be used here`;
  throw new HttpFailure('connect', false, `${url.origin}: ${why}`);
}
