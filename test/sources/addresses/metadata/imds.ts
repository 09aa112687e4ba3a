import type { HttpAnswer, HttpClient, HttpRequest } from '../../../../src/net/http.ts';
import { HttpFailure } from '../../../../src/net/http.ts';

/** What a metadata service of the test says to one request; a text is status 200. */
export type Said =
  | string
  | { readonly status: number; readonly body?: string; readonly headers?: HttpAnswer['headers'] };

export interface Service {
  readonly http: HttpClient;
  /** `PUT http://169.254.169.254/latest/api/token`, in order. */
  readonly asked: readonly string[];
  readonly requests: readonly HttpRequest[];
}

/** A metadata service in memory. A path it does not have is 404, in the words of a page, as most of them answer. */
export function service(
  paths: Readonly<Record<string, (request: HttpRequest) => Said>>,
  headers: HttpAnswer['headers'] = {},
): Service {
  const requests: HttpRequest[] = [];
  return {
    requests,
    get asked() {
      return requests.map(({ method, url }) => `${method} ${url.href}`);
    },
    http: async (request) => {
      requests.push(request);
      const said = paths[request.url.pathname + request.url.search]?.(request) ?? NOT_FOUND;
      return typeof said === 'string'
        ? { status: 200, headers, body: said }
        : { status: said.status, headers: said.headers ?? headers, body: said.body ?? '' };
    },
  };
}

export const NOT_FOUND: Said = { status: 404, body: '<?xml version="1.0"?><html>404 - Not Found</html>' };

/** Nobody is there: connections are refused, or nothing ever comes. */
export function nobody(kind: 'refused' | 'silent'): Service {
  const requests: HttpRequest[] = [];
  return {
    requests,
    get asked() {
      return requests.map(({ method, url }) => `${method} ${url.href}`);
    },
    http: (request, signal) => {
      requests.push(request);
      const place = request.url.origin;
      return new Promise((_, reject) => {
        if (kind === 'refused')
          reject(new HttpFailure('connect', false, `${place}: no connection (ECONNREFUSED)`));
        signal.addEventListener('abort', () => {
          const late = signal.reason instanceof Error && signal.reason.name === 'TimeoutError';
          reject(
            new HttpFailure(
              late ? 'timeout' : 'aborted',
              true,
              `${place}: the deadline passed while waiting`,
            ),
          );
        });
      });
    },
  };
}

const TOKEN = 'AQAEAE1z-3q_token==';

/** A service that wants a session token, as AWS and Alibaba Cloud document it: 400 without a lifetime, 401 for a wrong token. */
export function withToken(
  vendor: 'aws-ec2' | 'aliyun-ecs',
  items: Readonly<Record<string, string>>,
  required = true,
): Service {
  const paths: Record<string, (request: HttpRequest) => Said> = {
    '/latest/api/token': ({ method, headers }) => {
      if (method !== 'PUT') return { status: 405 };
      const life = Number(headers?.[`x-${vendor}-metadata-token-ttl-seconds`]);
      return life >= 1 && life <= 21_600 ? TOKEN : { status: 400, body: 'Missing or Invalid Parameters' };
    },
  };
  for (const [path, value] of Object.entries(items)) {
    paths[`/latest/meta-data/${path}`] = ({ headers }) => {
      const token = headers?.[`x-${vendor}-metadata-token`];
      const good = token === TOKEN || (token === undefined && !required);
      return good ? value : { status: 401, body: 'Unauthorized' };
    };
  }
  return service(paths);
}
