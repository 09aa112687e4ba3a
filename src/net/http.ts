/**
 * One HTTP exchange, as sinks and detectors see it. The implementation (`http-client.ts`, undici) adds: a deadline for the
 * whole exchange, a cap on the body, the bound uplink and family, proxies, the User-Agent; no retries, no redirects,
 * no cookies. Everything the peer does wrong comes out as an `HttpFailure`; nothing else is thrown.
 */
export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Octets of body to accept; default 1 MiB. A longer one is a failure, never a truncation. */
  readonly maxBytes?: number;
  /** Hands the body over as octets too, for answers that are no text. */
  readonly octets?: true;
  /** Nothing else is sent on the connection afterwards: the next request finds its way anew. */
  readonly closing?: true;
}

export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case; several lines of one name joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** Decoded as UTF-8. */
  readonly body: string;
  /** The same body undecoded; there if the request asked for `octets`. */
  readonly octets?: Uint8Array;
}

/**
 * `sent` tells whether the request may have reached the peer: false for failures to resolve, connect or agree on TLS,
 * true from the moment the request was written. After `sent: true` the effect of a write is unclear.
 */
export class HttpFailure extends Error {
  override readonly name = 'HttpFailure';
  readonly kind: 'resolve' | 'connect' | 'tls' | 'timeout' | 'reset' | 'malformed' | 'too_large' | 'aborted';
  readonly sent: boolean;

  constructor(kind: HttpFailure['kind'], sent: boolean, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
    this.sent = sent;
  }
}

/** Performs one exchange. Rejects with `HttpFailure` only; a status of any kind is an answer, not a failure. */
export type HttpClient = (request: HttpRequest, signal: AbortSignal) => Promise<HttpAnswer>;
