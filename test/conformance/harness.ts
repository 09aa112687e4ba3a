import type { Fqdn } from '../../src/model/name.ts';
import type { RecordKey } from '../../src/model/record.ts';
import type { HttpClient } from '../../src/net/http.ts';
import type { Sink, Traits } from '../../src/sinks/contract.ts';
import type { Reply } from '../fakes/http-server.ts';

/** A way for the provider to fail. */
export type Trouble = 'credentials' | 'rate_limited' | 'server_error' | 'hang' | 'malformed';

/** What `rate_limited` tells the client to wait, in seconds: no round number, so that a default cannot pass for it. */
export const RETRY_AFTER = 1_234;

/** A record as the fake provider holds it; `other` is whatever else the provider keeps with it (TTL, comment, flags). */
export interface HeldRecord {
  readonly key: RecordKey;
  readonly content: string;
  readonly other?: unknown;
}

export interface SinkHarness {
  readonly traits: Traits;
  /** False for sinks that can only write: what needs a list does not apply to them. */
  readonly reads: boolean;
  /** Records on one page, where the provider gives its list in pages; small ones make the test quick. */
  readonly pageSize?: number;
  /** False where the protocol has no way to remove a record; then removing must fail as `invalid`. */
  readonly removes: boolean;
  /** Which troubles exist with this provider (a program has no 429). */
  readonly troubles: readonly Trouble[];
  /** True if a record there may have no TTL of its own but the zone's, and lists say so. */
  readonly defaultTtl?: true;
  /** True if records can be marked with an owner; then the benches have `sinkWith`, as with `wrongKey`. */
  readonly owns?: true;
  /** True if one message carries a whole change out, or nothing of it: there is no moment within an update. */
  readonly atomic?: true;
  /** Options that make every signature wrong, where the fake checks them. */
  readonly wrongKey?: object;
  /** A provider without records and a sink that uses it; a new one for each test. */
  start(): Promise<SinkBench>;
}

export interface SinkBench {
  readonly sink: Sink;
  /** Another sink at the same provider, with these options beside those it needs. */
  readonly sinkWith?: (options: object) => Sink;
  readonly http: HttpClient;
  /** Two names the sink may write, in one zone. */
  readonly names: readonly [Fqdn, Fqdn];
  /** A name of the same zone, the first name with something added to its end or front: an inexact match would find it. */
  readonly neighbour: Fqdn;
  /** Puts records there without the sink, each with a TTL of its own unless told otherwise. */
  seed(records: readonly HeldRecord[], ttl?: 'default'): void;
  /** All that the provider holds now, in any order. */
  held(): readonly HeldRecord[];
  /** What has reached the provider so far, in order. */
  requests(): readonly ('read' | 'write')[];
  /** The next request of this sort meets this trouble, and changes nothing. */
  next(request: 'read' | 'write', trouble: Trouble): void;
  /** Requests or processes that the sink has going now. */
  busy(): number;
  /** Lets so many milliseconds pass on the clock of the sink, where it keeps to a wait it was told. */
  readonly pass?: (milliseconds: number) => void;
  /** Ends the provider and the sink. */
  close(): Promise<void>;
}

/** A trouble as an HTTP answer; for fakes of providers without codes of their own. */
export function replyOf(trouble: Trouble): Reply {
  switch (trouble) {
    case 'credentials':
      return { status: 401, body: 'who are you?' };
    case 'rate_limited':
      return { status: 429, headers: { 'retry-after': String(RETRY_AFTER) }, body: 'slow down' };
    case 'server_error':
      return { status: 500, body: 'oops' };
    case 'hang':
      return { hang: 'headers' };
    case 'malformed':
      return { status: 200, body: '<html><body>Welcome to the hotel</body></html>' };
    default:
      return trouble satisfies never;
  }
}
