import type { HttpAnswer, HttpRequest } from './http.ts';
import { HttpFailure } from './http.ts';

/** Octets accepted when the request does not say. */
const DEFAULT_MAX_BYTES = 1_048_576;

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Collects one answer. `start` and `data` throw `HttpFailure` as soon as the answer is known to be unacceptable. */
export interface AnswerReader {
  start(status: number, headers: Headers): void;
  data(chunk: Buffer): void;
  answer(): HttpAnswer;
}

/**
 * Refuses a body longer than `maxBytes` (from Content-Length, before reading) and one in a coding nobody asked for.
 */
export function createAnswerReader(request: HttpRequest): AnswerReader {
  const place = request.url.origin;
  const maxBytes = request.maxBytes ?? DEFAULT_MAX_BYTES;
  const chunks: Buffer[] = [];
  let status = 0;
  let headers: Readonly<Record<string, string>> = {};
  let length = 0;
  const refuseLonger = (octets: number): void => {
    if (octets <= maxBytes) return;
    throw new HttpFailure('too_large', true, `${place}: the answer is longer than ${maxBytes} octets`);
  };

  return {
    start: (code, lines) => {
      status = code;
      headers = joined(lines);
      const coding = headers['content-encoding'] ?? 'identity';
      if (coding.toLowerCase() !== 'identity') {
        throw new HttpFailure('malformed', true, `${place}: the answer is compressed, unasked`);
      }
      // It announces no body with 304, nor in answer to HEAD (RFC 9110 section 8.6).
      if (request.method !== 'HEAD' && status !== 304) refuseLonger(Number(headers['content-length'] ?? 0));
    },
    data: (chunk) => {
      length += chunk.length;
      refuseLonger(length);
      chunks.push(chunk);
    },
    answer: () => {
      const octets = Buffer.concat(chunks);
      const answer = { status, headers, body: new TextDecoder().decode(octets) };
      return request.octets === true ? { ...answer, octets } : answer;
    },
  };
}

function joined(lines: Headers): Readonly<Record<string, string>> {
  const headers: Record<string, string> = Object.create(null);
  for (const [name, values] of Object.entries(lines)) {
    if (values !== undefined) headers[name] = typeof values === 'string' ? values : values.join(', ');
  }
  return headers;
}
