import type { Secret } from '../../config/secret.ts';
import type { Clock } from '../../model/clock.ts';
import type { Fqdn } from '../../model/name.ts';
import type { HttpAnswer, HttpRequest } from '../../net/http.ts';
import type { Codec } from './codec.ts';
import type { Ask, DecodedAnswer } from './exchange.ts';
import type { ListedRecord, RestChange, RestEdit } from './records.ts';
import type { Refusal, Verdicts } from './refusal.ts';

/** A zone of the account: its name, and what the provider's paths call it. */
export interface RestZone {
  readonly name: Fqdn;
  readonly id: string;
  readonly extra?: unknown;
}

/** What signing may use beside the request itself. */
export interface SigningTools {
  readonly clock: Clock;
  /** 32 hexadecimal digits, new every time. */
  readonly nonce: () => string;
  /** For services that give out a short-lived token first. Neither signed nor counted. */
  readonly http: (request: HttpRequest) => Promise<HttpAnswer>;
}

export type Authorize = (request: HttpRequest, tools: SigningTools) => HttpRequest | Promise<HttpRequest>;

/** Everything particular to one provider, for one set of options. */
export interface RestApi {
  /** Everything before the paths: `https://api.example.net/v1`. */
  readonly base: string;
  /** By what the provider counts requests; sinks of one account share its limits. Never shown. */
  readonly account: Secret;
  readonly authorize: Authorize;
  /** JSON both ways if not given. */
  readonly codec?: Codec;
  /**
   * What the provider says in refusing, whatever the status; `undefined` if the answer is the documented success or has no
   * words of the provider. A status outside 200 to 299 is a refusal in any case.
   */
  readonly refusal: (answer: DecodedAnswer) => Refusal | undefined;
  /** What the provider's codes, or statuses, mean; statuses not listed mean what HTTP says. */
  readonly verdicts?: Verdicts;
  /** True if signatures carry the time: with a wrong clock a refused signature says nothing about the key. */
  readonly timed?: true;
  readonly zones: ZoneSource;
  /**
   * Records of a zone, of all types; only those of `name` if given and the provider can, and only those of the `types` that come with
   * a name. More than asked for does no harm.
   */
  readonly records: (
    ask: Ask,
    zone: RestZone,
    name?: Fqdn,
    types?: readonly string[],
  ) => Promise<readonly ListedRecord[]>;
  /**
   * What lists are good for, where it is not both: `zone` if the provider cannot list one name (the zone is listed once, however few
   * names), `name` if listing the zone costs a request for each record (names are listed one by one, however many).
   */
  readonly lists?: 'zone' | 'name';
  readonly write: RestWriter;
  /** Changes in one `write` at most, where the options say and not the traits. */
  readonly batch?: number | undefined;
  /** Why this change must not be made (an alias in its place, somebody else's record); nothing is sent for it then. */
  readonly guard?: (change: RestChange) => string | undefined;
  /** After the writes of one zone, if any succeeded: publish, refresh. Its failure makes those writes unclear. */
  readonly afterWrite?: (ask: Ask, zone: RestZone) => Promise<void>;
}

/** How zones are found; at least one of the two. */
export interface ZoneSource {
  /** All zones the credentials can see; asked once. */
  readonly list?: (ask: Ask) => Promise<readonly RestZone[]>;
  /** The zone of exactly this name, `undefined` if the account has none. A `not_found` thrown says the same. */
  readonly byName?: (ask: Ask, name: Fqdn) => Promise<RestZone | undefined>;
}

/** One record to write, as the provider's file gets it. */
export interface SingleWriter {
  create(ask: Ask, zone: RestZone, change: RestChange, value: string): Promise<WriteEnd>;
  update(
    ask: Ask,
    zone: RestZone,
    change: RestChange,
    edit: RestEdit & { kind: 'update' },
  ): Promise<WriteEnd>;
  remove(
    ask: Ask,
    zone: RestZone,
    change: RestChange,
    edit: RestEdit & { kind: 'delete' },
  ): Promise<WriteEnd>;
}

/** `undefined` = done; otherwise accepted and being carried out. */
// biome-ignore lint/suspicious/noConfusingVoidType: so that a provider's file need not end every function with `return undefined`
export type WriteEnd = void | undefined | { readonly pending: string; readonly retryAfter: number };

/** The shapes in which providers take changes. */
export type RestWriter =
  /** One request for each record. */
  | { readonly shape: 'records'; readonly single: SingleWriter }
  /** One request for each record set: `membersAfter(change)` replaces it. */
  | {
      readonly shape: 'sets';
      readonly put: (ask: Ask, zone: RestZone, change: RestChange) => Promise<WriteEnd>;
    }
  /**
   * Many changes of a zone in one request, all or nothing. If it is refused because of one change, the framework finds out
   * which by halving. `single` is used for a lone record, and when the service does not have the batch request.
   */
  | {
      readonly shape: 'batch';
      /** Records in one request at most. */
      readonly size: number;
      readonly apply: (ask: Ask, zone: RestZone, changes: readonly RestChange[]) => Promise<WriteEnd>;
      readonly single?: SingleWriter;
      /**
       * What says that the account has no batch request, beside the statuses 405 and 501: codes, and statuses of answers without a code.
       * Not what is said as well when a record of the batch is gone.
       */
      readonly missing?: readonly (string | number)[];
    };

/** `Authorization: Bearer ...` (RFC 6750), or another scheme. */
export function bearer(token: Secret, scheme = 'Bearer'): Authorize {
  return withHeader('authorization', () => `${scheme} ${token.reveal()}`);
}

/** The credentials in a header of the provider's own. */
export function withHeader(name: string, value: () => string): Authorize {
  return (request) => ({ ...request, headers: { ...request.headers, [name]: value() } });
}
