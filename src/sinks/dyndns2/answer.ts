import type { Secret } from '../../config/secret.ts';
import { familyOf, type IpAddress, parseAddress } from '../../model/address.ts';
import type { Failure } from '../../model/outcome.ts';
import { cleanWords } from '../../net/http-words.ts';
import { isWebPage } from '../failures.ts';
import { failureOfCode, meaningOf } from './codes.ts';

/** What the server said of one name. */
export type Verdict =
  | { readonly kind: 'updated' | 'unchanged' }
  | { readonly kind: 'failed'; readonly failure: Failure };

/**
 * Reads the body of an answer: one line a name, in the order sent; a code about the account or the service may come once,
 * for all names that have no line of their own yet. Gives exactly `names` verdicts.
 *
 * Each line is read whole. A body that does not fit (a web page, nothing, more or fewer lines than names, words nobody
 * documented) is a failure of all its names with `unclear`: which line belongs to whom would be a guess.
 */
export function readBody(
  body: string,
  names: number,
  sent: readonly IpAddress[],
  secrets: readonly Secret[],
): readonly Verdict[] {
  const lines = body.split(/\r\n|\r|\n/).map((line) => line.trim());
  while (lines.at(-1) === '') lines.pop();
  const all = (message: string): readonly Verdict[] => Array<Verdict>(names).fill(unclear('sink', message));
  if (lines.length === 0) return all('the answer is empty');
  if (isWebPage(body)) return all('the answer is a web page, not a return code');

  const last = lines.at(-1) ?? '';
  const forTheRest = lines.length < names && meaningOf(last)?.account === true;
  if (lines.length !== names && !forTheRest) {
    const words = cleanWords(lines[0] ?? '', secrets);
    return all(
      `${lines.length} lines in answer to ${names} names, the first "${words}"; if the server takes one name a request, set names_per_request: 1`,
    );
  }
  const alone = lines.every((line) => line === last);
  return Array.from({ length: names }, (_, index) =>
    readLine(lines[index] ?? last, sent, alone || forTheRest, secrets),
  );
}

function readLine(
  line: string,
  sent: readonly IpAddress[],
  alone: boolean,
  secrets: readonly Secret[],
): Verdict {
  const meaning = meaningOf(line);
  if (meaning !== undefined) return { kind: 'failed', failure: failureOfCode(line, meaning, alone) };
  const [code = '', ...rest] = line.split(/[\s,]+/);
  const addresses = rest.map(parseAddress);
  if ((code === 'good' || code === 'nochg') && addresses.every((address) => address !== undefined)) {
    return readSuccess(code, addresses, sent);
  }
  // Providers add words to their codes ("badauth: wrong key"); only a failure is taken from such a line, never a success.
  const described = /^([!\w]+)[\s:.-]/.exec(line)?.[1] ?? '';
  const failing = meaningOf(described);
  if (failing !== undefined) {
    const failure = failureOfCode(described, failing, alone);
    return {
      kind: 'failed',
      failure: { ...failure, message: `${failure.message} (${cleanWords(line, secrets)})` },
    };
  }
  return unclear('record', `an answer that is not understood: "${cleanWords(line, secrets)}"`);
}

/** `good` and `nochg` repeat the address. Only families that were sent are compared: servers add the other one as it stands. */
function readSuccess(
  code: 'good' | 'nochg',
  said: readonly IpAddress[],
  sent: readonly IpAddress[],
): Verdict {
  const families = new Set(sent.map(familyOf));
  const wrong = said.find((address) => families.has(familyOf(address)) && !sent.includes(address));
  if (wrong === undefined) return { kind: code === 'good' ? 'updated' : 'unchanged' };
  // Said by Dyn to clients it has blocked: the record itself stays as it was.
  const refused = code === 'good' && wrong === '127.0.0.1';
  const failure: Failure = refused
    ? {
        class: 'refused',
        scope: 'sink',
        message: 'good 127.0.0.1: the server refuses this client (badagent)',
      }
    : {
        class: 'invalid',
        scope: 'record',
        message: `${code}, but with ${wrong} instead of ${sent.join(', ')}: the server took another address, perhaps that of the connection; see path and families`,
      };
  return { kind: 'failed', failure };
}

function unclear(scope: Failure['scope'], message: string): Verdict {
  return { kind: 'failed', failure: { class: 'transient', scope, message, unclear: true } };
}
