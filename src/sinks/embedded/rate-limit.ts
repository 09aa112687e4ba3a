import { addressBytes, parseAddress } from '../../model/address.ts';

/** What a source may have: its answer, a short "ask over TCP", or nothing. */
export type Allowance = 'answer' | 'cut' | 'silence';

export interface RateLimitSettings {
  /** Answers a second to one network, and as many at once. */
  readonly rate: number;
  /** Networks remembered; the one longest silent is forgotten first. */
  readonly networks: number;
  /** Milliseconds on the monotonic clock. */
  readonly now: () => number;
}

interface Bucket {
  tokens: number;
  filledAt: number;
  refused: number;
}

/**
 * A token bucket for each source network (IPv4 /24, IPv6 /56), so that forged queries gain nobody a stream of answers. Beyond it every
 * second query gets an empty truncated answer, no longer than the query: a true asker comes back over TCP, which cannot be forged.
 */
export class RateLimit {
  readonly #settings: RateLimitSettings;
  readonly #buckets = new Map<string, Bucket>();

  constructor(settings: RateLimitSettings) {
    this.#settings = settings;
  }

  get networks(): number {
    return this.#buckets.size;
  }

  ask(source: string): Allowance {
    const { rate, networks, now } = this.#settings;
    const network = networkOf(source);
    const time = now();
    const bucket = this.#buckets.get(network) ?? { tokens: rate, filledAt: time, refused: 0 };
    bucket.tokens = Math.min(rate, bucket.tokens + ((time - bucket.filledAt) / 1_000) * rate);
    bucket.filledAt = time;
    // Taken out and put in again, the map is in the order of last use.
    this.#buckets.delete(network);
    this.#buckets.set(network, bucket);
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= networks) break;
      this.#buckets.delete(oldest);
    }
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return 'answer';
    }
    bucket.refused += 1;
    return bucket.refused % 2 === 0 ? 'cut' : 'silence';
  }
}

/** The network of a source as text; a zone index (`fe80::1%eth0`) does not matter. */
function networkOf(source: string): string {
  const address = parseAddress(source.replace(/%.*$/, ''));
  if (address === undefined) return source;
  const bytes = addressBytes(address);
  return bytes.subarray(0, bytes.length === 4 ? 3 : 7).join('.');
}
