import { tidy } from './lines.ts';
import type { LineVerdict } from './rung.ts';

/** Any second word makes `n.add` take the key for a regular expression. Standard input must stay open: at its end the program ends. */
export const SCUTIL_SCRIPT = [
  'n.add State:/Network/Global/IPv4',
  'n.add State:/Network/Global/IPv6',
  'n.add State:/Network/Interface/.*/IPv4 pattern',
  'n.add State:/Network/Interface/.*/IPv6 pattern',
  'n.add State:/Network/Interface/.*/Link pattern',
  'n.watch',
  '',
].join('\n');

const CHANGED = /changedKey \[\d+\] = (\S.*)$/;
/** Apple's links to devices nearby come and go all day and carry nothing of ours; nor do tunnels, unless the operator names one. */
const NEARBY = /^State:\/Network\/Interface\/((?:awdl|llw|anpi|ap|utun|ipsec)\d*)\//;

/** What a line of `scutil` says after `n.watch`; only the names of changed keys matter. */
export function scutilJudge(named: readonly string[] = []): (line: string) => LineVerdict {
  return (line) => {
    const key = CHANGED.exec(line)?.[1];
    if (key === undefined) return { kind: 'noise', why: 'no key' };
    const nearby = NEARBY.exec(key)?.[1];
    return nearby === undefined || named.includes(nearby)
      ? { kind: 'event', detail: tidy(key) }
      : { kind: 'noise', why: 'nearby link' };
  };
}
