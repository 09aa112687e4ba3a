import type { Family } from '../../model/family.ts';

/** Where in the body of a service's answer the address stands. */
export type AnswerShape =
  /** The whole body. */
  | 'text'
  /** A text in a JSON document; `.` between the keys. */
  | { readonly json: string }
  /** The value of one `name=value` line; the lines of `require`, where they are present, have another value when a proxy asks. */
  | { readonly field: string; readonly require?: Readonly<Record<string, string>> | undefined };

export interface Service {
  readonly url: URL;
  readonly answer: AnswerShape;
  /** Who runs it; two services of one operator count as one witness. */
  readonly operator: string;
}

const service = (url: string, operator: string, answer: AnswerShape = 'text'): Service => ({
  url: new URL(url),
  answer,
  operator,
});

// The trace page of Cloudflare's resolver: one.one.one.one has addresses of both families. With warp=on (or plus) the client is inside
// Cloudflare's own tunnel, with gateway=on behind its proxy for companies, and `ip` is the address of that.
const trace = service('https://one.one.one.one/cdn-cgi/trace', 'Cloudflare', {
  field: 'ip',
  require: { warp: 'off', gateway: 'off' },
});

/**
 * Asked in this order where the operator names none: HTTPS, no key, plain answers, run by different parties, so that two of
 * them agreeing means something. icanhazip.com has been run by Cloudflare since 2021 (https://major.io/p/a-new-future-for-icanhazip):
 * it stands last and counts as the same operator as the trace page. checkip.amazonaws.com has IPv4 only.
 */
export const DEFAULT_SERVICES: Readonly<Record<Family, readonly Service[]>> = {
  ipv4: [
    trace,
    service('https://api.ipify.org', 'ipify'),
    service('https://checkip.amazonaws.com', 'Amazon'),
    service('https://4.ident.me', 'ident.me'),
    service('https://ipv4.icanhazip.com', 'Cloudflare'),
  ],
  ipv6: [
    trace,
    service('https://api6.ipify.org', 'ipify'),
    service('https://6.ident.me', 'ident.me'),
    service('https://ipv6.icanhazip.com', 'Cloudflare'),
  ],
};
