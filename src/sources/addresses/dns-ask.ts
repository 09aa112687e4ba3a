import type { LookupFunction } from 'node:net';
import { familyOf, type IpAddress, parseAddress } from '../../model/address.ts';
import { DEFAULT_TIMING, ExchangeFailure, type ExchangeTiming, exchange } from '../../net/dns/exchange.ts';
import { type HttpClient, HttpFailure } from '../../net/http.ts';
import { cleanWords } from '../../net/http-words.ts';
import { type AddressText, ANSWER_LIMIT, nameOf } from './answer.ts';
import { encodeWhoami, judgeWhoami, type WhoamiQuestion } from './dns-answer.ts';
import type { WhoamiPlace } from './dns-services.ts';

/** What asking uses of the host. */
export interface DnsNetwork {
  readonly lookup: LookupFunction;
  readonly timing: ExchangeTiming;
}

/** Datagrams are lost more often than servers are slow; the caller's signal ends it all. */
export const WHOAMI_TIMING: ExchangeTiming = {
  ...DEFAULT_TIMING,
  datagramWaits: [500, 1_000, 2_000, 4_000, 8_000],
};

export interface DnsTask {
  readonly question: WhoamiQuestion;
  readonly place: WhoamiPlace;
  /** Source address where one has to be used. */
  readonly localAddress: IpAddress | undefined;
  readonly http: HttpClient;
  readonly signal: AbortSignal;
}

/** Asks once, over the transport of the place. Whatever the world does wrong is `wrong`; rejects only with the signal's reason. */
export async function askWhoami(task: DnsTask, network: DnsNetwork): Promise<AddressText> {
  task.signal.throwIfAborted();
  try {
    return task.place.transport === 'doh'
      ? await askOverHttps(task, task.place.url)
      : await askServer(task, task.place, network);
  } catch (error) {
    task.signal.throwIfAborted();
    if (error instanceof HttpFailure || error instanceof ExchangeFailure) {
      return wrong(cleanWords(error.message));
    }
    throw error;
  }
}

async function askServer(
  { question, localAddress, signal }: DnsTask,
  place: Exclude<WhoamiPlace, { transport: 'doh' }>,
  { lookup, timing }: DnsNetwork,
): Promise<AddressText> {
  const host = await resolve(place.host, question, signal, lookup);
  if (typeof host === 'object') return host;
  signal.throwIfAborted();
  // By the name that was asked for, unless the operator says what stands in the certificate.
  const tlsName = place.tlsName ?? (parseAddress(place.host) === undefined ? place.host : undefined);
  const { value } = await exchange<AddressText>({
    peer: { host, port: place.port },
    request: encodeWhoami(question),
    transport: place.transport === 'udp' ? 'auto' : place.transport === 'dot' ? 'tls' : 'tcp',
    tlsName,
    localAddress,
    signal,
    timing,
    judge: (octets) => judgeWhoami(octets, question),
  });
  // It came with the random id and the very question: a refusal of the server, or of whoever answers in its place.
  return value.kind === 'wrong' ? { ...value, refused: true } : value;
}

/** GET, since a body of octets is not to be had otherwise; the random id keeps caches out of it (RFC 8484 sections 4.1 and 5.1). */
async function askOverHttps({ question, http, signal }: DnsTask, at: URL): Promise<AddressText> {
  const url = new URL(at);
  url.searchParams.set('dns', Buffer.from(encodeWhoami(question)).toString('base64url'));
  const answer = await http(
    {
      method: 'GET',
      url,
      headers: { accept: 'application/dns-message' },
      maxBytes: ANSWER_LIMIT,
      octets: true,
    },
    signal,
  );
  if (answer.status !== 200) return { ...wrong(`answered with status ${answer.status}`), refused: true };
  const type = answer.headers['content-type'] ?? 'nothing said';
  if (type.split(';')[0]?.trim().toLowerCase() !== 'application/dns-message') {
    return wrong(`the answer is not a DNS message (${cleanWords(type)})`);
  }
  const judgement = judgeWhoami(answer.octets ?? new Uint8Array(), question);
  switch (judgement.kind) {
    case 'answer':
    case 'doubtful':
      return judgement.value;
    case 'truncated':
      return wrong('it cut its answer off even over HTTPS');
    case 'stranger':
      return wrong(`an answer came, but ${judgement.why ?? 'not to the question'}`);
  }
}

/** An address of the family; getaddrinfo cannot be cancelled: on abort its late answer is dropped. */
function resolve(
  host: string,
  { family }: WhoamiQuestion,
  signal: AbortSignal,
  look: LookupFunction,
): Promise<IpAddress | AddressText> {
  const literal = parseAddress(host);
  if (literal !== undefined) {
    const fits = familyOf(literal) === family;
    return Promise.resolve(fits ? literal : wrong(`its address is not of ${nameOf(family)}`));
  }
  return new Promise((settle, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    look(host, { family: family === 'ipv4' ? 4 : 6 }, (error, text) => {
      signal.removeEventListener('abort', abort);
      const address = error === null ? parseAddress(String(text)) : undefined;
      if (address !== undefined && familyOf(address) === family) return settle(address);
      const code = error?.code === undefined ? '' : ` (${error.code})`;
      settle(wrong(`no ${nameOf(family)} address of ${host} found${code}`));
    });
  });
}

const wrong = (why: string): Extract<AddressText, { kind: 'wrong' }> => ({ kind: 'wrong', why });
