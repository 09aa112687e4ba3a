import { tidy } from './lines.ts';
import type { LineVerdict } from './rung.ts';

const LABELLED = /^\[(\w+)\](Deleted )?(.*)$/;
const ADDRESS = /^\d+: (\S+)\s+(?:inet6?|peer) (\S+)/;
const LINK = /^\d+: ([^:\s]+): <[^>]*>/;
/** The destination of a route, after the type that some have in front; by halves of the world VPN clients put themselves before the default. */
const DEFAULT = /^(?:default|(?:0\.0\.0\.0|128\.0\.0\.0|::|8000::)\/1)(?: |$)/;

/**
 * What a line of `ip -o monitor label link address route` says. It rings a bell and nothing more: addresses are never taken from it.
 *
 * Noise is what cannot change a snapshot:
 * - routes other than those: no snapshot holds them, and whatever removes an address or link says so on a line of its own (an
 *   IPv4-only link that goes down removes its routes without a word, and only its LINK line tells);
 * - `unreachable default` and the like, which lead nowhere;
 * - LINK lines without an MTU: wireless drivers report scans and roaming that way, with only the name filled in;
 * - neighbours, rules and whatever else newer versions may print.
 * A line that is not understood at all counts as an event.
 */
export function judgeIpMonitorLine(line: string): LineVerdict {
  const match = LABELLED.exec(line.trim());
  if (match === null) return line.trim() === '' ? noise('empty') : event(line);
  const [, label = '', deleted, rest = ''] = match;
  switch (label) {
    case 'ADDR':
      return judgeAddress(rest, deleted !== undefined);
    case 'LINK':
      return judgeLink(rest, deleted !== undefined);
    case 'ROUTE':
      if (!DEFAULT.test(rest)) return noise('not a default route');
      return event(`${rest}${deleted === undefined ? '' : ' removed'}`);
    default:
      return noise(label.toLowerCase());
  }
}

function judgeAddress(rest: string, deleted: boolean): LineVerdict {
  const match = ADDRESS.exec(rest);
  if (match === null) return event(rest);
  const marks = ['tentative', 'deprecated', 'temporary', 'dadfailed'].filter((mark) =>
    rest.includes(` ${mark} `),
  );
  return event([`${match[1]}: address ${match[2]}`, ...marks, ...(deleted ? ['removed'] : [])].join(' '));
}

function judgeLink(rest: string, deleted: boolean): LineVerdict {
  const match = LINK.exec(rest);
  const name = match?.[1]?.replace(/@.*$/, '');
  if (name === undefined) return event(rest);
  if (deleted) return event(`${name}: link removed`);
  if (!rest.includes(' mtu ')) return noise('wireless');
  const state = / state (\S+)/.exec(rest)?.[1];
  return event(`${name}: link ${state?.toLowerCase() ?? 'changed'}`);
}

const event = (detail: string): LineVerdict => ({ kind: 'event', detail: tidy(detail) });
const noise = (why: string): LineVerdict => ({ kind: 'noise', why });
