import type { Family } from '../model/family.ts';
import { type HttpAnswer, type HttpClient, HttpFailure, type HttpRequest } from './http.ts';
import { faultOf, faultOfSignal, NETWORK_CHANGED, type Progress } from './http-faults.ts';
import type { ProxyEnvironment } from './http-proxy.ts';
import type { Routes } from './http-routes.ts';

export interface HttpPoolInit {
  /** `netdrift/1.2.3 (+https://…)`: many update servers refuse clients that do not name themselves. */
  readonly userAgent: string;
  /** Only this family; an IP literal of the other one in a URL is refused. */
  readonly family?: Family;
  /** The source address; decides the family too. It does not choose the uplink: that takes policy routing. */
  readonly localAddress?: string;
  /** Connections to one origin at most; default 4. */
  readonly connections?: number;
  /** The environment to take `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` from; without it every connection is direct. */
  readonly proxy?: ProxyEnvironment;
}

export interface HttpPool {
  readonly client: HttpClient;
  /** The network has changed: drops every pooled connection at once and fails what is in flight (`reset`). */
  renew(): void;
  /** Idempotent. Fails what is in flight (`aborted`) and everything asked later; resolves when no socket is left. */
  close(): Promise<void>;
}

interface Running {
  readonly stop: AbortController;
  readonly done: Promise<unknown>;
}

const CLOSED = Symbol('closed');

/** Loads what exchanges are made with. A program that runs for years does so before its files are replaced by a newer version's. */
export const loadHttp = () => Promise.all([import('./http-exchange.ts'), import('./http-routes.ts')]);

/**
 * The HTTP client behind `HttpClient`: HTTP/1.1 with keep-alive, one pool for each family and source address. No retries, no
 * redirects, no cookies, no deadline but the caller's signal; certificates are always checked.
 *
 * Built on undici, loaded with the first request: its parser is compiled then, and what never asks by HTTP never pays for it.
 */
export function createHttpPool(init: HttpPoolInit): HttpPool {
  let routes: Routes | undefined;
  let closed = false;
  const running = new Set<Running>();

  const exchange = async (
    request: HttpRequest,
    progress: Progress,
    signal: AbortSignal,
  ): Promise<HttpAnswer> => {
    const [{ runExchange }, { createRoutes }] = await loadHttp();
    signal.throwIfAborted();
    routes ??= createRoutes(init);
    return runExchange(request, routes, progress, signal);
  };

  const drop = async (reason: symbol): Promise<void> => {
    for (const { stop } of running) stop.abort(reason);
    const dropped = routes;
    routes = undefined;
    await dropped?.destroy();
  };

  const client: HttpClient = async (request, signal) => {
    const place = request.url.origin;
    const progress: Progress = { sent: false, answered: false };
    if (signal.aborted) throw faultOfSignal(signal, progress, place);
    if (closed) throw new HttpFailure('aborted', false, `${place}: the client is closed`);
    const stop = new AbortController();
    const onAbort = (): void => stop.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    const named = { ...request, headers: { 'user-agent': init.userAgent, ...lowerCase(request.headers) } };
    const done = exchange(named, progress, stop.signal);
    const entry: Running = { stop, done };
    running.add(entry);
    try {
      return await done;
    } catch (error) {
      throw stop.signal.aborted
        ? faultOfSignal(stop.signal, progress, place)
        : faultOf(error, progress, place);
    } finally {
      running.delete(entry);
      signal.removeEventListener('abort', onAbort);
    }
  };

  return {
    client,
    renew: () => void drop(NETWORK_CHANGED),
    close: async () => {
      closed = true;
      const exchanges = [...running].map(({ done }) => done);
      await Promise.allSettled([drop(CLOSED), ...exchanges]);
    },
  };
}

function lowerCase(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
