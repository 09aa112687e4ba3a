import type { Clock } from '../../model/clock.ts';

export type Protocol = 'nat-pmp' | 'pcp' | 'upnp';
export const PROTOCOLS: readonly Protocol[] = ['nat-pmp', 'pcp', 'upnp'];

/** What is known of one protocol at one gateway. */
export interface Experience {
  readonly state: 'unknown' | 'speaks' | 'silent';
  /** What it said last, where that was not what was asked for. */
  readonly why?: string;
}

interface Entry {
  state: Experience['state'];
  why: string | undefined;
  /** True if it ever spoke: such a one is looked for again sooner. */
  spoke: boolean;
  failures: number;
  until: number;
}

/** First and longest pause in milliseconds after which one that keeps silent is asked again. */
const NEVER_SPOKE = { first: 30_000, longest: 21_600_000 };
const SPOKE_ONCE = { first: 10_000, longest: 600_000 };

/** Short-lived knowledge of one gateway: which protocols it speaks, and when to ask again those it does not. */
export interface GatewayMemory {
  experience(protocol: Protocol): Experience;
  /** Milliseconds for which a protocol is still left alone; 0 if it may be asked. */
  rest(protocol: Protocol): number;
  spoke(protocol: Protocol, why?: string): void;
  silent(protocol: Protocol, why: string): void;
  /** Whether it tells of changes by itself; `heard` once it did. */
  notices: { multicast: 'off' | 'listening' | 'heard'; events: 'off' | 'subscribed' | 'heard' };
  /** Which start of the UPnP services a search has found (`startOf`), until they take leave. To hear of the same one is no news. */
  found: string | undefined;
  /** A sign of life came, or a new start: everything may be asked at once. */
  release(): void;
}

export function createMemory(clock: Clock): GatewayMemory {
  const fresh = (): Entry => ({ state: 'unknown', why: undefined, spoke: false, failures: 0, until: 0 });
  const entries: Record<Protocol, Entry> = { 'nat-pmp': fresh(), pcp: fresh(), upnp: fresh() };
  return {
    notices: { multicast: 'off', events: 'off' },
    found: undefined,
    experience: (protocol) => {
      const { state, why } = entries[protocol];
      return why === undefined ? { state } : { state, why };
    },
    rest: (protocol) => Math.max(0, entries[protocol].until - clock.boot()),
    spoke: (protocol, why) => {
      Object.assign(entries[protocol], { state: 'speaks', why, spoke: true, failures: 0, until: 0 });
    },
    silent: (protocol, why) => {
      const entry = entries[protocol];
      const { first, longest } = entry.spoke ? SPOKE_ONCE : NEVER_SPOKE;
      const pause = Math.min(longest, first * 2 ** Math.min(entry.failures, 20));
      Object.assign(entry, {
        state: 'silent',
        why,
        failures: entry.failures + 1,
        until: clock.boot() + pause,
      });
    },
    release: () => {
      for (const protocol of PROTOCOLS) Object.assign(entries[protocol], { failures: 0, until: 0 });
    },
  };
}
