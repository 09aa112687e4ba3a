/** One look at a gateway's clock of state: its own seconds, and ours in milliseconds of a clock that counts sleep. */
export interface EpochMark {
  readonly epoch: number;
  readonly at: number;
}

/**
 * True if the gateway has lost its state between two marks: restarted, or begun anew with another outside address. Pure.
 *
 * PCP (RFC 6887 section 8.5) lets both clocks differ by 2 s and a sixteenth, either way; NAT-PMP (RFC 6886 section 3.6)
 * lets the gateway's clock run slow by an eighth and does not mind a fast one.
 */
export function stateLost(protocol: 'nat-pmp' | 'pcp', before: EpochMark, now: EpochMark): boolean {
  const ours = Math.max(0, now.at - before.at) / 1_000;
  if (protocol === 'nat-pmp') return now.epoch + 2 < before.epoch + (ours * 7) / 8;
  if (now.epoch < before.epoch - 1) return true;
  const theirs = now.epoch - before.epoch;
  return ours + 2 < theirs - theirs / 16 || theirs + 2 < ours - ours / 16;
}
