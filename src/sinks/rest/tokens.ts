import * as z from 'zod';
import type { Secret } from '../../config/secret.ts';
import { type HttpAnswer, HttpFailure, type HttpRequest } from '../../net/http.ts';
import type { Authorize, SigningTools } from './api.ts';
import { jsonCodec } from './codec.ts';
import { type Circumstances, refused, unanswered, unreadable, type Verdict } from './refusal.ts';

/** A service that gives out short-lived access tokens (RFC 6749). */
export interface TokenService {
  /** For messages. */
  readonly title: string;
  readonly secrets: readonly Secret[];
  /** True if what is sent is signed with the time of this host. */
  readonly timed?: true;
  /** The form to send, made anew for every token. */
  readonly ask: (tools: SigningTools) => {
    readonly url: URL;
    readonly form: Readonly<Record<string, string>>;
  };
}

/** RFC 6749 section 5.1. */
const grant = z.object({ access_token: z.string().min(1), expires_in: z.coerce.number().positive() });
/** RFC 6749 section 5.2; `message` for gates in front of it. */
const denied = z.object({ error: z.string(), error_description: z.string().optional() });
export interface TokenBearer {
  readonly authorize: Authorize;
  /**
   * To be told the status of every answer of the API. At 401 the token is dropped; if it was good before, it was withdrawn and
   * the next one will do (`transient`), which is no reason to hold the key against the operator.
   */
  readonly judge: (status: number) => Verdict | undefined;
}

interface Granted {
  readonly token: string;
  /** When it is to be replaced, counted from boot. */
  readonly until: number;
}

interface Kept {
  readonly asked: Promise<Granted>;
  /** Unknown until it is there. */
  until: number | undefined;
  accepted: boolean;
}

/**
 * Signs with a token, kept until a little before its end. Times are counted from boot, so that a step of the wall clock neither
 * keeps a dead token nor throws away a good one.
 */
export function withToken(service: TokenService): TokenBearer {
  let kept: Kept | undefined;

  const fetch = async (tools: SigningTools): Promise<Granted> => {
    const began = tools.clock.boot();
    const about: Circumstances = {
      title: service.title,
      mutating: false,
      secrets: service.secrets,
      wall: tools.clock.wall(),
      timed: service.timed === true,
    };
    const { url, form } = service.ask(tools);
    const request: HttpRequest = {
      method: 'POST',
      url,
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(form).toString(),
    };
    const answer = await tools.http(request).catch((error: unknown) => {
      throw error instanceof HttpFailure ? unanswered(error, about) : error;
    });
    const body = read(answer, about);
    const checked = grant.safeParse(body);
    if (answer.status !== 200 || !checked.success) throw denial(answer, body, about);
    const lasts = checked.data.expires_in * 1_000;
    return { token: checked.data.access_token, until: began + Math.max(lasts / 2, lasts - 300_000) };
  };

  const granted = async (tools: SigningTools): Promise<Granted> => {
    // Requests that leave at the same time share one question.
    const shared =
      kept !== undefined && (kept.until ?? Number.POSITIVE_INFINITY) > tools.clock.boot() ? kept : undefined;
    const one: Kept = shared ?? { asked: fetch(tools), until: undefined, accepted: false };
    kept = one;
    try {
      const answer = await one.asked;
      one.until = answer.until;
      return answer;
    } catch (error) {
      if (kept === one) kept = undefined;
      // It was asked within another call, and that one has been stopped: no reason for this one to fail.
      if (shared !== undefined && isStopped(error)) return granted(tools);
      throw error;
    }
  };

  return {
    judge: (status) => {
      if (status !== 401) {
        if (kept !== undefined) kept.accepted = true;
        return undefined;
      }
      const accepted = kept?.accepted === true;
      kept = undefined;
      return accepted ? 'transient' : undefined;
    },
    authorize: async (request, tools) => {
      const { token } = await granted(tools);
      return { ...request, headers: { ...request.headers, authorization: `Bearer ${token}` } };
    },
  };
}

const isStopped = (error: unknown): boolean =>
  error instanceof Error && error.cause instanceof HttpFailure && error.cause.kind === 'aborted';

function read(answer: HttpAnswer, about: Circumstances): unknown {
  const type = answer.headers['content-type'] ?? '';
  try {
    if (jsonCodec.reads(type)) return jsonCodec.decode(answer.body);
  } catch (cause) {
    throw unreadable(answer, 'an answer cut short or damaged', about, cause);
  }
  throw unreadable(answer, 'no answer of the token service', about);
}

function denial(answer: HttpAnswer, body: unknown, about: Circumstances) {
  const said = denied.safeParse(body).data;
  if (answer.status === 200 || said === undefined) {
    return unreadable(answer, 'not the documented answer of the token service', about);
  }
  const message = `no token: ${said.error_description ?? said.error}`;
  // RFC 6749 section 5.2: all of these come with 400 or 401.
  const credentials = [
    'invalid_client',
    'invalid_grant',
    'unauthorized_client',
    'invalid_scope',
    'access_denied',
  ];
  return refused(answer, { code: said.error, message }, { credentials }, about);
}
