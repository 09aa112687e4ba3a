import type { ClientRequest, IncomingMessage } from 'node:http';
import type { HttpAnswer } from './http.ts';
import { HttpFailure } from './http.ts';

/** Octets accepted when the request does not say. */
export const DEFAULT_MAX_BYTES = 1_048_576;

/**
 * Reads the whole answer. Rejects with Node's error if the connection ends early, and with `HttpFailure` as soon as the
 * body is known to be longer than `maxBytes` (from Content-Length, before reading) or comes in a coding nobody asked for.
 */
export function readAnswer(
  response: IncomingMessage,
  maxBytes: number,
  place: string,
  keepOctets = false,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const refuse = (kind: HttpFailure['kind'], what: string): void =>
      reject(new HttpFailure(kind, true, `${place}: ${what}`));
    response.on('error', reject);
    // Follows `end` as well, when the promise is settled already.
    response.on('close', () =>
      reject(new HttpFailure('reset', true, `${place}: closed in the middle of the answer`)),
    );
    const coding = response.headers['content-encoding'] ?? 'identity';
    if (coding.toLowerCase() !== 'identity') return refuse('malformed', 'the answer is compressed, unasked');
    const tooLong = (): void => refuse('too_large', `the answer is longer than ${maxBytes} octets`);
    if (announcedLength(response) > maxBytes) return tooLong();

    const chunks: Buffer[] = [];
    let length = 0;
    response.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > maxBytes) return tooLong();
      chunks.push(chunk);
    });
    response.on('end', () => {
      const octets = Buffer.concat(chunks);
      const body = new TextDecoder().decode(octets);
      const answer = { status: response.statusCode ?? 0, headers: headersOf(response), body };
      resolve(keepOctets ? { ...answer, octets } : answer);
    });
  });
}

/** Content-Length, where it announces a body that will come: not with 304, nor in answer to HEAD (RFC 9110 section 8.6). */
function announcedLength(response: IncomingMessage): number {
  const { method } = (response as IncomingMessage & { readonly req: ClientRequest }).req;
  if (method === 'HEAD' || response.statusCode === 304) return 0;
  return Number(response.headers['content-length'] ?? 0);
}

function headersOf(response: IncomingMessage): Readonly<Record<string, string>> {
  const headers: Record<string, string> = Object.create(null);
  for (const [name, values] of Object.entries(response.headersDistinct)) {
    if (values !== undefined) headers[name] = values.join(', ');
  }
  return headers;
}
