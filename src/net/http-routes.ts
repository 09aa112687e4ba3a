import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import tls from 'node:tls';
import type { Family } from '../model/family.ts';
import { HttpFailure } from './http.ts';
import { openTunnel, type ProxyEnvironment, proxyFor, proxyHeaders } from './http-proxy.ts';

/** How requests leave this host: which family, from which address, through which proxy, over which pooled connections. */
export interface Routes {
  /** The options of Node's `request` that lead to `url`. Opens the tunnel if one is needed. */
  towards(url: URL, signal: AbortSignal): Promise<https.RequestOptions>;
  /** Closes all connections, those in use too. */
  destroy(): void;
}

export interface RouteInit {
  readonly family?: Family;
  readonly localAddress?: string;
  readonly proxy?: ProxyEnvironment;
}

// Idle connections are kept for the next requests of one batch only: servers close theirs after 5 s and more, and a request
// written onto a connection that is just being closed is one whose effect is unclear.
const IDLE_MILLISECONDS = 4_000;

export function createRoutes(init: RouteInit): Routes {
  const family = numberOf(init);
  const binding = {
    ...(family === undefined ? {} : { family }),
    ...(init.localAddress === undefined ? {} : { localAddress: init.localAddress }),
  };
  const pooled = { ...binding, keepAlive: true, timeout: IDLE_MILLISECONDS };
  const plain = new http.Agent(pooled);
  // Said here, `rejectUnauthorized` also outweighs NODE_TLS_REJECT_UNAUTHORIZED=0. NODE_EXTRA_CA_CERTS adds to the trusted.
  const secure = new https.Agent({ ...pooled, rejectUnauthorized: true });

  return {
    towards: async (url, signal) => {
      const proxy = init.proxy === undefined ? undefined : proxyFor(url, init.proxy);
      refuseOtherFamily(proxy ?? url, family);
      const direct = addressOf(url);
      const path = `${url.pathname}${url.search}`;
      if (url.protocol === 'https:') {
        if (proxy === undefined) return { ...direct, path, agent: secure };
        const socket = await openTunnel(url, proxy, binding, signal);
        return { ...direct, path, createConnection: () => tls.connect({ ...tlsOptions(url), socket }) };
      }
      if (proxy === undefined) return { ...direct, path, agent: plain };
      // Plain HTTP needs no tunnel: the proxy is asked for the whole URL (RFC 9112 section 3.2.2).
      return {
        ...addressOf(proxy),
        path: `${url.origin}${path}`,
        headers: proxyHeaders(proxy),
        agent: proxy.protocol === 'https:' ? secure : plain,
      };
    },
    destroy: () => {
      plain.destroy();
      secure.destroy();
    },
  };
}

function numberOf(init: RouteInit): 4 | 6 | undefined {
  // A source address fits one family only; without saying so a name with both gives EINVAL at bind.
  if (init.localAddress !== undefined) return isIP(init.localAddress) === 6 ? 6 : 4;
  if (init.family === undefined) return undefined;
  return init.family === 'ipv6' ? 6 : 4;
}

const bareHost = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '');

function addressOf(url: URL): https.RequestOptions {
  return {
    protocol: url.protocol,
    hostname: bareHost(url),
    port: url.port || (url.protocol === 'https:' ? 443 : 80),
  };
}

function tlsOptions(url: URL): tls.ConnectionOptions {
  const host = bareHost(url);
  // RFC 6066 section 3: an address is not a server name.
  return { host, ...(isIP(host) === 0 ? { servername: host } : {}), rejectUnauthorized: true };
}

/** `family` steers the resolver only; an address in the URL would be used whatever it says. */
function refuseOtherFamily(url: URL, family: 4 | 6 | undefined): void {
  const literal = isIP(bareHost(url));
  if (family === undefined || literal === 0 || literal === family) return;
  const why = `it is an IPv${literal} address, and only IPv${family} is to be used here`;
  throw new HttpFailure('connect', false, `${url.origin}: ${why}`);
}
