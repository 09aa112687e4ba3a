import type { ClientRequest, request } from 'node:http';
import type { IpAddress } from '../../model/address.ts';

export interface LanRequest {
  readonly method: 'GET' | 'POST' | 'SUBSCRIBE' | 'UNSUBSCRIBE';
  /** Its host must be an address: no name is ever resolved. */
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly localAddress: IpAddress;
  /** Milliseconds for the whole exchange. */
  readonly deadline: number;
  readonly signal: AbortSignal;
}

export type LanAnswer =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  | { readonly kind: 'failed'; readonly why: string };

/** Octets of a body; the longest descriptions seen are about 40 KiB. */
const LONGEST_BODY = 128 * 1_024;
const LONGEST_HEAD = 8 * 1_024;

/**
 * One exchange with a device on the LAN, by node:http, since GENA's methods are not those of the HTTP that serves sinks. A connection
 * of its own, no redirects, head and body capped, one deadline for everything. Rejects only with the signal's reason.
 */
export function lanExchange(
  wanted: LanRequest,
  host: { readonly request: typeof request },
): Promise<LanAnswer> {
  const { url, signal, body } = wanted;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    let outgoing: ClientRequest | undefined;
    let settled = false;
    const finish = (act: () => void) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      outgoing?.destroy();
      act();
    };
    const fail = (why: string) => finish(() => resolve({ kind: 'failed', why }));
    const abort = () => finish(() => reject(signal.reason));
    const timer = setTimeout(() => fail(`no answer within ${wanted.deadline} ms`), wanted.deadline);
    signal.addEventListener('abort', abort, { once: true });

    try {
      outgoing = host.request({
        host: url.hostname,
        port: url.port === '' ? 80 : Number(url.port),
        path: url.pathname + url.search,
        method: wanted.method,
        localAddress: wanted.localAddress,
        family: 4,
        agent: false,
        maxHeaderSize: LONGEST_HEAD,
        headers: {
          ...wanted.headers,
          connection: 'close',
          ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
        },
      });
    } catch {
      // Node refuses some header values and paths by throwing.
      return fail('cannot be asked: the request would be malformed');
    }
    // Stays on after the end: an error of a socket being destroyed without a listener would end the process.
    outgoing.on('error', (error: NodeJS.ErrnoException) =>
      fail(`cannot be asked (${error.code ?? 'malformed'})`),
    );
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = [];
      let length = 0;
      incoming.on('error', (error: NodeJS.ErrnoException) =>
        fail(`broke off (${error.code ?? 'malformed'})`),
      );
      incoming.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > LONGEST_BODY) fail(`more than ${LONGEST_BODY} octets`);
        else chunks.push(chunk);
      });
      incoming.on('end', () =>
        finish(() =>
          resolve({
            kind: 'answered',
            status: incoming.statusCode ?? 0,
            headers: Object.fromEntries(
              Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
            ),
            body: Buffer.concat(chunks).toString('utf8'),
          }),
        ),
      );
    });
    outgoing.end(body);
  });
}
