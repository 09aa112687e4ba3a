import { type ProxyEnvironment, proxyFor } from '../../net/http-proxy.ts';

/** True if requests to this URL go through a proxy of the environment; a proxy that is named wrongly is one that they cannot get past. */
export function throughProxy(url: URL, environment: ProxyEnvironment): boolean {
  try {
    return proxyFor(url, environment) !== undefined;
  } catch {
    return true;
  }
}
