import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { HttpFailure } from './http.ts';
import { isLoopbackHost } from './http-words.ts';

/** The variables that name proxies, as the environment has them; lower case wins, as everywhere. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for a URL by `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`; `undefined` for a direct connection, always so for
 * this host itself. `NO_PROXY`: a comma list of names (with everything below them), `name:port` or `*`.
 */
export function proxyFor(url: URL, environment: ProxyEnvironment): URL | undefined {
  if (isLoopbackHost(url.hostname)) return undefined;
  const name = url.protocol === 'https:' ? 'https_proxy' : 'http_proxy';
  const text = environment[name] || environment[name.toUpperCase()];
  if (text === undefined || text === '') return undefined;
  if (isExcepted(url, environment['no_proxy'] || environment['NO_PROXY'] || '')) return undefined;
  const proxy = URL.canParse(text) ? new URL(text) : undefined;
  if (proxy?.protocol === 'http:' || proxy?.protocol === 'https:') return proxy;
  throw new HttpFailure('connect', false, `${name.toUpperCase()} does not name an http or https proxy`);
}

function isExcepted(url: URL, list: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return list
    .split(/[,\s]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true;
      const parts = /^(?:\[(.+)\]|([^:]+|.*:.*:.*?))(?::(\d+))?$/.exec(entry.toLowerCase());
      const excepted = (parts?.[1] ?? parts?.[2] ?? '').replace(/^\*?\./, '');
      if (parts?.[3] !== undefined && parts[3] !== port) return false;
      return excepted !== '' && (host === excepted || host.endsWith(`.${excepted}`));
    });
}

/** `Proxy-Authorization` for a proxy URL with user and password (RFC 7617); empty without. */
export function proxyHeaders(proxy: URL): Readonly<Record<string, string>> {
  if (proxy.username === '') return {};
  const pair = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}

/** Opens a tunnel to `target` (RFC 9110 section 9.3.6); rejects with `HttpFailure` or Node's error, and when aborted. */
export function openTunnel(
  target: URL,
  proxy: URL,
  binding: Readonly<{ localAddress?: string; family?: 4 | 6 }>,
  signal: AbortSignal,
): Promise<Socket> {
  const authority = `${target.hostname}:${target.port || 443}`;
  const secure = proxy.protocol === 'https:';
  return new Promise((resolve, reject) => {
    const request = (secure ? https : http).request({
      ...binding,
      ...(secure ? { rejectUnauthorized: true } : {}),
      hostname: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port || (secure ? 443 : 80),
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, ...proxyHeaders(proxy) },
      agent: false,
      signal,
    });
    const refuse = (why: string): void =>
      reject(new HttpFailure('connect', false, `the proxy ${proxy.origin} ${why}`));
    request.on('connect', (response, socket: Socket, head) => {
      if (response.statusCode === 200 && head.length === 0) return resolve(socket);
      socket.destroy();
      refuse(`answered ${response.statusCode} to CONNECT`);
    });
    request.on('response', (response) => {
      response.destroy();
      refuse(`answered ${response.statusCode} to CONNECT`);
    });
    request.on('error', (error: NodeJS.ErrnoException) =>
      signal.aborted ? reject(error) : refuse(`cannot be used (${error.code ?? 'unknown'})`),
    );
    request.end();
  });
}
