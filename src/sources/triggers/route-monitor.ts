import type { LineVerdict } from './rung.ts';

const MESSAGE = /^(RTM_\w+):(.*)$/;
const ADDRESS_MESSAGES = new Set(['RTM_NEWADDR', 'RTM_DELADDR', 'RTM_IFINFO']);
const ROUTE_MESSAGES = new Set(['RTM_ADD', 'RTM_DELETE', 'RTM_CHANGE']);
const NOTHING: LineVerdict = { kind: 'noise', why: 'part of a message' };

/**
 * Judges the lines of `route -n monitor` on macOS and the BSDs. A message is a line with type and flags, a line naming which
 * addresses follow, and a line of these addresses, destination first. Address and link messages count as they are; route messages only
 * for a default route, known from its destination, and never for a host (neighbours are routes here). RTM_MISS and multicast are noise.
 */
export function routeMonitorJudge(): (line: string) => LineVerdict {
  let pending: string | undefined;
  let addressesNext = false;
  return (line) => {
    const [, type = '', rest = ''] = MESSAGE.exec(line.trim()) ?? [];
    if (type !== '') {
      addressesNext = false;
      pending = ROUTE_MESSAGES.has(type) && !/[<,]HOST[,>]/.test(rest) ? type : undefined;
      return ADDRESS_MESSAGES.has(type) ? { kind: 'event', detail: type } : { kind: 'noise', why: type };
    }
    if (pending === undefined) return NOTHING;
    if (addressesNext) {
      const route = pending;
      pending = undefined;
      addressesNext = false;
      const destination = line.trim().split(/\s+/)[0] ?? '';
      const isDefault = ['default', '0.0.0.0', '::', '0'].includes(destination);
      return isDefault
        ? { kind: 'event', detail: `${route} default` }
        : { kind: 'noise', why: 'not a default route' };
    }
    if (line.includes('sockaddrs:')) addressesNext = true;
    return NOTHING;
  };
}
