/**
 * How bodies are written and read. The answer's content type must be one that `reads` accepts: an HTML page with status
 * 200 (a captive portal, a maintenance notice) is never an answer of the provider.
 */
export interface Codec {
  /** Content-Type of requests that have a body. */
  readonly writes: string;
  readonly encode: (body: unknown) => string;
  /** Accept of every request. */
  readonly accept: string;
  readonly reads: (contentType: string) => boolean;
  /** Statuses whose documented answer may have no body at all; 204 and 205 if not given. */
  readonly empty?: readonly number[];
  /** @throws if the text is not of this kind; the exchange turns that into a failure. */
  readonly decode: (text: string) => unknown;
}

export const jsonCodec: Codec = {
  writes: 'application/json',
  encode: (body) => JSON.stringify(body),
  accept: 'application/json',
  // RFC 8259 section 11 and RFC 6839 section 3.1 (`application/problem+json`).
  reads: (type) => /^(?:application|text)\/(?:[\w.-]+\+)?json\b/i.test(type),
  decode: (text) => {
    if (isTooDeep(text)) throw new Error('nested too deep');
    return JSON.parse(text) as unknown;
  },
};

/** For services that want a form and answer in JSON. */
export const formCodec: Codec = {
  ...jsonCodec,
  writes: 'application/x-www-form-urlencoded',
  encode: (body) => new URLSearchParams(body as Record<string, string>).toString(),
};

/** No answer of a DNS service is nested deeper than 10; whoever walks over one recursively must not run out of stack. */
const DEEPEST = 64;

/** Counts brackets outside of texts; says nothing of whether it is JSON. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (quoted) {
      if (character === '\\') at += 1;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === '[' || character === '{') depth += 1;
    else if (character === ']' || character === '}') depth -= 1;
    if (depth > DEEPEST) return true;
  }
  return false;
}
