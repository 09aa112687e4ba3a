import * as z from 'zod';
import type { Secret } from '../../config/secret.ts';
import type { Clock } from '../../model/clock.ts';
import { type HttpAnswer, HttpFailure, type HttpRequest } from '../../net/http.ts';
import { cleanWords } from '../../net/http-words.ts';
import type { Call } from '../contract.ts';
import type { RestApi } from './api.ts';
import { type Codec, jsonCodec } from './codec.ts';
import type { Gate } from './gate.ts';
import {
  type Circumstances,
  failureOf,
  type Refusal,
  RestError,
  refused,
  unanswered,
  unreadable,
} from './refusal.ts';
import { type Asking, type Query, requestFor } from './request.ts';
import type { Sleep } from './sleep.ts';

/** An answer whose body was read by the codec; `undefined` if there was none. */
export interface DecodedAnswer {
  readonly status: number;
  readonly headers: HttpAnswer['headers'];
  readonly body: unknown;
}

/** What the session gives to every exchange. */
export interface Surroundings {
  readonly title: string;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly gate: Gate;
  readonly nonce: () => string;
  readonly secrets: readonly Secret[];
}

/** Longest wait for the provider's request limit inside a call; beyond it the lane is told when to come back. */
const PATIENCE = 5_000;
/** RFC 9110 sections 15.3.5 and 15.3.6. */
const NO_CONTENT: readonly number[] = [204, 205];

/**
 * Exchanges with one provider during one call of the sink. Every method either answers what the schema describes, from the
 * documented success answer, or throws a `RestError`.
 */
export class Ask {
  readonly call: Call;
  readonly #api: RestApi;
  readonly #around: Surroundings;
  readonly #codec: Codec;

  constructor(api: RestApi, around: Surroundings, call: Call) {
    this.#api = api;
    this.#codec = api.codec ?? jsonCodec;
    this.#around = around;
    this.call = call;
  }

  get<T>(path: string, schema: z.ZodType<T>, query?: Query): Promise<T> {
    return this.send('GET', path, schema, query === undefined ? {} : { query });
  }

  async send<T>(
    method: HttpRequest['method'],
    path: string,
    schema: z.ZodType<T>,
    asking: Asking = {},
  ): Promise<T> {
    return (await this.exchange(method, path, schema, asking)).body;
  }

  /** As `send`, with status and headers beside the body (links, etags, cursors). */
  async exchange<T>(
    method: HttpRequest['method'],
    path: string,
    schema: z.ZodType<T>,
    asking: Asking = {},
  ): Promise<DecodedAnswer & { readonly body: T }> {
    const about = this.#about(asking.mutating ?? !(method === 'GET' || method === 'HEAD'));
    const request = requestFor(this.#api.base, this.#codec, method, path, asking);
    const answer = await this.#perform(request, about);
    try {
      return this.#understood(answer, schema, about);
    } catch (error) {
      const { class: failureClass, retryAfter } = failureOf(error);
      // The other sinks of the account need not be told the same again.
      if (failureClass === 'rate_limited' && retryAfter !== undefined)
        this.#around.gate.close(request, retryAfter);
      throw error;
    }
  }

  /** The documented success, or throws. */
  #understood<T>(
    answer: HttpAnswer,
    schema: z.ZodType<T>,
    about: Circumstances,
  ): DecodedAnswer & { readonly body: T } {
    const decoded = { status: answer.status, headers: answer.headers, body: this.#decode(answer, about) };
    const refusal = this.#api.refusal(decoded);
    if (refusal !== undefined || answer.status < 200 || answer.status > 299) {
      throw refused(decoded, refusal, this.#api.verdicts ?? {}, about);
    }
    const checked = schema.safeParse(decoded.body);
    if (!checked.success) {
      const why = cleanWords(z.prettifyError(checked.error), about.secrets);
      throw unreadable(answer, `not the documented answer: ${why}`, about);
    }
    return { ...decoded, body: checked.data };
  }

  /** The error for work that the provider accepted, and then says it has failed. How far it got nobody knows. */
  failed(refusal: Refusal): RestError {
    return refused({ status: 500, headers: {} }, refusal, this.#api.verdicts ?? {}, this.#about(true));
  }

  /**
   * Asks again while a job runs that the provider carries out later; answers the last state, still running if it took
   * longer than all the tries. The work is under way already, so after any failure it is unclear how it ended.
   */
  async poll<State>(
    pace: { readonly every: number; readonly tries: number },
    first: State,
    running: (state: State) => boolean,
    again: () => Promise<State>,
  ): Promise<State> {
    let state = first;
    for (let turn = 0; turn < pace.tries && running(state); turn += 1) {
      await this.#pause(pace.every);
      state = await again().catch((error: unknown) => {
        throw error instanceof RestError ? new RestError({ ...error.failure, unclear: true }, error) : error;
      });
    }
    return state;
  }

  #about(mutating: boolean): Circumstances {
    const { title, secrets, clock } = this.#around;
    return { title, mutating, secrets, wall: clock.wall(), timed: this.#api.timed === true };
  }

  async #perform(request: HttpRequest, about: Circumstances): Promise<HttpAnswer> {
    const { gate, sleep, clock, nonce } = this.#around;
    const { signal, http } = this.call;
    try {
      const wait = await gate.pass(request, PATIENCE, sleep, signal);
      if (wait > 0) throw limited(wait, about);
      // Signed after the wait: signatures carry the time.
      const signed = await this.#api.authorize(request, {
        clock,
        nonce,
        http: (other) => http(other, signal),
      });
      return await http(signed, signal);
    } catch (error) {
      throw this.#explained(error, about);
    }
  }

  async #pause(milliseconds: number): Promise<void> {
    const { sleep } = this.#around;
    await sleep(milliseconds, this.call.signal).catch(() => {
      throw unanswered(
        new HttpFailure('aborted', true, 'stopped while waiting for a job'),
        this.#about(true),
      );
    });
  }

  #explained(error: unknown, about: Circumstances): unknown {
    if (error instanceof HttpFailure) return unanswered(error, about);
    if (error instanceof RestError || !this.call.signal.aborted) return error;
    return unanswered(new HttpFailure('aborted', false, 'stopped before the request was sent'), about);
  }

  #decode(answer: HttpAnswer, about: Circumstances): unknown {
    const { status, headers, body } = answer;
    if (body === '' && (this.#codec.empty ?? NO_CONTENT).includes(status)) return undefined;
    const type = headers['content-type'] ?? '';
    if (!this.#codec.reads(type)) {
      throw unreadable(answer, `an answer of type ${cleanWords(type) || 'unknown'}`, about);
    }
    try {
      return this.#codec.decode(body);
    } catch (cause) {
      throw unreadable(answer, 'an answer cut short or damaged', about, cause);
    }
  }
}

function limited(wait: number, { title }: Circumstances): RestError {
  return new RestError({
    class: 'rate_limited',
    scope: 'sink',
    message: `${title}: held back to stay within the provider's request limit`,
    retryAfter: Math.ceil(wait),
  });
}
