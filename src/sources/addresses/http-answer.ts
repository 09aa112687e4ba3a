import type { Family } from '../../model/family.ts';
import type { HttpAnswer } from '../../net/http.ts';
import { cleanWords, quoted } from '../../net/http-words.ts';
import { type AddressText, readAddressText } from './answer.ts';
import type { AnswerShape } from './http-services.ts';

/**
 * Reads a service's answer: status 200, and the declared place holds exactly one address of the family. Nothing is searched for:
 * error pages, too, hold things that look like addresses.
 */
export function readServiceAnswer(answer: HttpAnswer, shape: AnswerShape, family: Family): AddressText {
  if (answer.status >= 300 && answer.status < 400) return wrong(describeRedirect(answer));
  // RFC 6585 section 6: that one is the captive portal's.
  if (answer.status === 511) return wrong('answered with status 511: a captive portal');
  if (answer.status !== 200) return { ...wrong(`answered with status ${answer.status}`), refused: true };
  if (shape === 'text') return readAddressText(answer.body, family);
  if ('json' in shape) return readJson(answer.body, shape.json, family);
  return readField(answer.body, shape, family);
}

/** Followed, a redirect would end at a captive portal as often as not. */
function describeRedirect({ status, headers }: HttpAnswer): string {
  const location = headers['location'] ?? '';
  const host = URL.canParse(location) ? ` to ${cleanWords(new URL(location).host)}` : '';
  return `answered with a redirect (${status}${host}): a captive portal, or the service has moved`;
}

function readJson(body: string, path: string, family: Family): AddressText {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return wrong(`the answer is not JSON: ${quoted(body)}`);
  }
  for (const key of path.split('.')) {
    const inside = typeof value === 'object' && value !== null && Object.hasOwn(value, key);
    if (!inside) return wrong(`the answer has no text at ${path}`);
    value = (value as Record<string, unknown>)[key];
  }
  return typeof value === 'string'
    ? readAddressText(value, family)
    : wrong(`the answer has no text at ${path}`);
}

function readField(
  body: string,
  shape: Extract<AnswerShape, { field: string }>,
  family: Family,
): AddressText {
  const signs = Object.entries(shape.require ?? {}).flatMap(([name, expected]) =>
    valuesOf(body, name).flatMap((value) => (value === expected ? [] : [`${name}=${cleanWords(value)}`])),
  );
  const [value, ...others] = valuesOf(body, shape.field);
  if (value === undefined) return wrong(`the answer has no line ${shape.field}=: ${quoted(body)}`);
  if (others.length > 0) return wrong(`the answer has ${others.length + 1} lines ${shape.field}=`);
  const read = readAddressText(value, family);
  return read.kind === 'address' && signs[0] !== undefined ? { ...read, exit: signs[0] } : read;
}

function valuesOf(body: string, name: string): readonly string[] {
  return body
    .split(/\r?\n/)
    .filter((line) => line.startsWith(`${name}=`))
    .map((line) => line.slice(name.length + 1));
}

const wrong = (why: string): Extract<AddressText, { kind: 'wrong' }> => ({ kind: 'wrong', why });
