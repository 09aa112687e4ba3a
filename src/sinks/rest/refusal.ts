import type { Secret } from '../../config/secret.ts';
import type { Failure, FailureClass } from '../../model/outcome.ts';
import type { HttpAnswer, HttpFailure } from '../../net/http.ts';
import { cleanWords } from '../../net/http-words.ts';
import { SinkError } from '../contract.ts';
import { failureOfHttpFailure, failureOfStatus, retryAfterOf } from '../failures.ts';

/** What a provider said in refusing: its code, where it has codes, and its words. */
export interface Refusal {
  readonly code?: string | number;
  readonly message: string;
  /** What it means, where the code alone does not tell; goes before `verdicts`. */
  readonly verdict?: Verdict | undefined;
  /** True if it concerns the request as a whole (the zone is busy): no use in finding out which change of a batch is to blame. */
  readonly whole?: boolean | undefined;
  /** Milliseconds to wait, where the body says so; a `Retry-After` header goes before. */
  readonly retryAfter?: number | undefined;
}

/** The classes a refusal can have; `refused_record` is `refused` for one record only (a CNAME in its place, a protected set). */
export type Verdict = FailureClass | 'refused_record';

/** The provider's codes, or statuses, under what they mean. */
export type Verdicts = Partial<Readonly<Record<Verdict, readonly (string | number)[]>>>;

/** A failure of one exchange; `status` and `code` let a provider's file look closer. */
export class RestError extends SinkError {
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly whole: boolean;

  constructor(
    failure: Failure,
    details: {
      readonly status?: number | undefined;
      readonly code?: string | undefined;
      readonly whole?: boolean | undefined;
    } = {},
    options?: ErrorOptions,
  ) {
    super(failure, options);
    this.status = details.status;
    this.code = details.code;
    this.whole = details.whole === true;
  }
}

// A refusal that names a record concerns that record; everything else would meet the next request just the same.
const RECORD_SCOPE: ReadonlySet<FailureClass> = new Set(['invalid', 'not_found', 'conflict']);

function meaning(verdict: Verdict): Pick<Failure, 'class' | 'scope'> {
  if (verdict === 'refused_record') return { class: 'refused', scope: 'record' };
  return { class: verdict, scope: RECORD_SCOPE.has(verdict) ? 'record' : 'sink' };
}

function verdictOn(code: string | undefined, verdicts: Verdicts): Verdict | undefined {
  const entry = Object.entries(verdicts).find(([, codes]) => codes.some((one) => String(one) === code));
  return entry?.[0] as Verdict | undefined;
}

/** `ratelimit-reset`, as an epoch or as seconds from now; recorded ones lie years off, and those are not believed. */
function resetAfter(headers: HttpAnswer['headers'], wall: number): number | undefined {
  const reset = Number(headers['ratelimit-reset'] ?? headers['x-ratelimit-reset'] ?? Number.NaN);
  const wait = reset > 1_000_000_000 ? reset * 1_000 - wall : reset * 1_000;
  return wait > 0 && wait <= 24 * 3_600_000 ? Math.ceil(wait) : undefined;
}

/** Services allow five minutes (TC3) to fifteen (SigV4, Alibaba, Huawei) between their clock and the signature's. */
const CLOCK_OFF = 4 * 60_000;
const WRONG_CLOCK = '; the clock of this host is wrong, and the request is signed with its time';

/** A host that starts without the time (no battery, no NTP yet) signs in vain; that must not be held against the key. */
function clockOff(headers: HttpAnswer['headers'], wall: number): boolean {
  return Math.abs(Date.parse(headers['date'] ?? '') - wall) > CLOCK_OFF;
}

export interface Circumstances {
  /** For messages: the provider's title. */
  readonly title: string;
  /** True if the request asked for a change. */
  readonly mutating: boolean;
  readonly secrets: readonly Secret[];
  readonly wall: number;
  /** True if signatures carry the time. */
  readonly timed?: boolean;
}

/** The provider answered, and it was not the documented success. */
export function refused(
  answer: Pick<HttpAnswer, 'status' | 'headers'>,
  refusal: Refusal | undefined,
  verdicts: Verdicts,
  about: Circumstances,
): RestError {
  const { status, headers } = answer;
  const effect = about.mutating ? 'write' : 'read';
  const { unclear, ...usual } = failureOfStatus({ ...answer, body: '' }, { effect, now: about.wall });
  const code = refusal?.code === undefined ? undefined : String(refusal.code);
  const verdict = refusal?.verdict ?? verdictOn(code, verdicts) ?? verdictOn(`${status}`, verdicts);
  const judged = verdict === undefined ? usual : { ...usual, ...meaning(verdict) };
  const off = judged.class === 'credentials' && about.timed === true && clockOff(headers, about.wall);
  const failure: Failure = off ? { ...judged, class: 'transient' } : judged;
  const limited = failure.class === 'rate_limited';
  const reset = limited ? (resetAfter(headers, about.wall) ?? refusal?.retryAfter) : undefined;
  const words = cleanWords(refusal?.message ?? '', about.secrets) || usual.message;
  return new RestError(
    {
      ...(reset === undefined ? {} : { retryAfter: reset }),
      ...failure,
      // A refusal in the provider's own terms is clear, even one that came with status 200.
      ...(unclear === true && status >= 500 ? { unclear } : {}),
      message: `${about.title}: ${words}${code === undefined ? '' : ` (${code})`}${off ? WRONG_CLOCK : ''}`,
    },
    { status, code, whole: refusal?.whole },
  );
}

/** An answer that is no answer of the provider: another content type, damaged, or without what it must have. */
export function unreadable(
  { status, headers }: Pick<HttpAnswer, 'status' | 'headers'>,
  why: string,
  about: Circumstances,
  cause?: unknown,
): RestError {
  // 401 needs no body, and 429 often comes from a gate in front of the service; every other status means nothing
  // without the provider's own words: it may come from a captive portal or a proxy on the way.
  const failureClass = status === 401 ? 'credentials' : status === 429 ? 'rate_limited' : 'transient';
  const retryAfter = retryAfterOf(headers, about.wall);
  return new RestError(
    {
      class: failureClass,
      scope: 'sink',
      message: `${about.title}: status ${status}, ${why}`,
      ...(retryAfter === undefined ? {} : { retryAfter }),
      ...(about.mutating && failureClass === 'transient' ? { unclear: true } : {}),
    },
    { status },
    { cause },
  );
}

/** The exchange did not come about. */
export function unanswered(failure: HttpFailure, about: Circumstances): RestError {
  const { message, ...rest } = failureOfHttpFailure(failure, about.mutating ? 'write' : 'read');
  const words = cleanWords(message, about.secrets);
  return new RestError({ ...rest, message: `${about.title}: ${words}` }, {}, { cause: failure });
}

export function failureOf(error: unknown): Failure {
  if (error instanceof SinkError) return error.failure;
  throw error;
}
