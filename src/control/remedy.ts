import type { FailureClass } from '../model/outcome.ts';

/** What the operator can do about a failure of each class; `sink` is the operator's name for the sink. */
export function remedyFor(failure: FailureClass, sink: string): string {
  const release = `netdrift trigger --release ${sink}`;
  switch (failure) {
    case 'unreachable':
      return 'netdrift tries again by itself; if it lasts, check that this host can reach the server named';
    case 'transient':
      return 'netdrift tries again by itself; if it lasts, look at the status page of the provider';
    case 'rate_limited':
      return 'netdrift waits as long as the provider asked; let no other client update the same records';
    case 'conflict':
      return 'netdrift reads again and retries by itself; if it lasts, find out who else writes these records';
    case 'credentials':
      return `put the right login or key into the configuration and reload it, or, if it is right: ${release}`;
    case 'not_found':
      return `create the zone or record at the provider, or correct its name, then: ${release}`;
    case 'invalid':
      return `correct what the message names in the configuration and reload it, or: ${release}`;
    case 'refused':
      return `settle it with the provider first (block, abuse, unpaid account), then: ${release}`;
  }
}
