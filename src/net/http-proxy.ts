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

/** All proxies that the environment names, whatever they are for. */
export function proxiesOf(environment: ProxyEnvironment): readonly URL[] {
  return ['http_proxy', 'https_proxy', 'all_proxy'].flatMap((name) =>
    [environment[name], environment[name.toUpperCase()]].flatMap((text) =>
      text !== undefined && URL.canParse(text) ? [new URL(text)] : [],
    ),
  );
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
