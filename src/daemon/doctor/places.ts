import { isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Secret } from '../../config/secret.ts';
import { formatDuration } from '../../model/duration.ts';
import { cleanWords } from '../../net/http-words.ts';
import type { Check } from './contract.ts';
import { within } from './deadline.ts';

/** Where a sink's server is. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

export interface PlaceInit {
  /** Every address of a name; rejects if there is none. */
  readonly lookup: (host: string) => Promise<readonly string[]>;
  /** Opens a TLS connection, checks the certificate, and closes it again. Rejects with the reason. */
  readonly handshake: (place: Place, signal: AbortSignal) => Promise<Handshake>;
  readonly clock: { monotonic(): number; wall(): number };
  /** Milliseconds for each of the two. */
  readonly deadline: number;
}

export interface Handshake {
  /** `TLSv1.3` */
  readonly protocol: string;
  /** End of the certificate in milliseconds since 1970. */
  readonly until: number;
}

/** Milliseconds before the end of a certificate that are worth a word; those renewed by machine have 30 days left. */
const ENDS_SOON = 7 * 86_400_000;
/** Addresses shown. */
const SHOWN = 3;

/** Whether the name resolves, and where TLS is spoken, whether the certificate is good. */
export async function checkPlace(place: Place, init: PlaceInit): Promise<readonly Check[]> {
  const { clock, deadline } = init;
  // An address needs no name server.
  if (isIP(place.host) !== 0) return place.tls ? [await checkTls(place, init)] : [];
  const began = clock.monotonic();
  const name = await within<Check>(
    deadline,
    async () => {
      const addresses = await init.lookup(place.host);
      const more = addresses.length > SHOWN ? ` and ${addresses.length - SHOWN} more` : '';
      return {
        what: 'name',
        state: 'good',
        words: `${place.host} is ${addresses.slice(0, SHOWN).join(', ')}${more}`,
      };
    },
    () => ({
      what: 'name',
      state: 'bad',
      words: `${place.host} did not resolve within ${formatDuration(deadline)}`,
    }),
  ).catch(
    (error: unknown): Check => ({
      what: 'name',
      state: 'bad',
      words: `${place.host} does not resolve (${codeOf(error)})`,
    }),
  );
  const found = { ...name, took: clock.monotonic() - began };
  if (name.state !== 'good' || !place.tls) return [found];
  return [found, await checkTls(place, init)];
}

async function checkTls(place: Place, { clock, deadline, handshake: open }: PlaceInit): Promise<Check> {
  const began = clock.monotonic();
  const tls = await within<Check>(
    deadline,
    async (signal) => judgeCertificate(await open(place, signal), clock.wall()),
    () => ({ what: 'tls', state: 'bad', words: `no TLS connection within ${formatDuration(deadline)}` }),
  ).catch(
    (error: unknown): Check => ({ what: 'tls', state: 'bad', words: `no TLS connection (${codeOf(error)})` }),
  );
  return { ...tls, took: clock.monotonic() - began };
}

function judgeCertificate({ protocol, until }: Handshake, now: number): Check {
  if (!Number.isFinite(until)) return { what: 'tls', state: 'good', words: protocol };
  const day = new Date(until).toISOString().slice(0, 10);
  const words = `${protocol}, certificate until ${day}`;
  return until - now < ENDS_SOON
    ? { what: 'tls', state: 'unknown', words: `${words}: that is soon` }
    : { what: 'tls', state: 'good', words };
}

function codeOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  return cleanWords(typeof code === 'string' ? code : error instanceof Error ? error.message : String(error));
}

/** The real handshake. Certificates are checked as for every request. */
export const handshake: PlaceInit['handshake'] = ({ host, port }, signal) =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const named = isIP(host) === 0 ? { servername: host } : {};
    // Said here, `rejectUnauthorized` also outweighs NODE_TLS_REJECT_UNAUTHORIZED=0.
    const socket = connectTls({
      host,
      port,
      ...named,
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: true,
    });
    const end = (act: () => void): void => {
      signal.removeEventListener('abort', abort);
      socket.destroy();
      act();
    };
    const abort = (): void => end(() => reject(signal.reason));
    signal.addEventListener('abort', abort, { once: true });
    // Stays on: an error of a socket that is being closed would end the process.
    socket.on('error', (error) => end(() => reject(error)));
    socket.once('secureConnect', () => {
      const told = {
        protocol: socket.getProtocol() ?? 'TLS',
        until: Date.parse(socket.getPeerCertificate().valid_to),
      };
      end(() => resolve(told));
    });
  });

/**
 * The server that a sink's options name, as far as they do: `url`, `server` or `endpoint`, or the address of a table's service. Only host and port:
 * everything else of a URL may be a secret. Pure.
 */
export function placeOf(options: unknown): Place | undefined {
  const given = fieldsOf(options);
  const service = fieldsOf(given['service']);
  for (const value of [given['server'], given['endpoint'], given['url'], service['url']]) {
    const text = value instanceof Secret ? value.reveal() : value instanceof URL ? value.href : value;
    const place = typeof text === 'string' ? placeOfUrl(text) : placeOfPair(value);
    if (place !== undefined) return place;
  }
  return undefined;
}

/** Of an origin: `https://dns.example.org`, as an HTTP client is asked for. */
export function placeOfUrl(text: string): Place | undefined {
  const [, scheme = '', authority = ''] = /^(https?):\/\/([^/?#\s{}]+)(?:[/?#]|$)/i.exec(text) ?? [];
  const whole = `${scheme}://${authority}`;
  if (authority === '' || !URL.canParse(whole)) return undefined;
  const url = new URL(whole);
  const tls = url.protocol === 'https:';
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) || (tls ? 443 : 80), tls };
}

function placeOfPair(value: unknown): Place | undefined {
  const { host, port } = fieldsOf(value);
  return typeof host === 'string' && typeof port === 'number' ? { host, port, tls: false } : undefined;
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
