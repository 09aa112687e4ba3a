import { readFileSync } from 'node:fs';
import type { TriggerSource } from '../contract.ts';
import type { TriggerComponents, TriggerInit } from './contract.ts';
import { judgeIpMonitorLine } from './ip-monitor.ts';
import { listener } from './listener.ts';
import { joinedNetlink } from './netlink.ts';
import type { Rung } from './rung.ts';

/** One line an event, its kind in front. JSON (`-j`) is not to be had here: iproute2 ignores it for `monitor`. */
const MONITOR = ['-o', 'monitor', 'label', 'link', 'address', 'route'];

/**
 * Hears of link, address and route changes through iproute2. Under `setpriv --pdeathsig` the child ends with us even after SIGKILL; without
 * it an orphan would stay until the next event breaks its pipe. Where neither program is of use (BusyBox), the host is polled.
 */
export function linuxEvents(components: TriggerComponents, init: TriggerInit): TriggerSource {
  const readFile = components.readFile ?? ((path: string) => readFileSync(path, 'utf8'));
  return listener(components, init, [
    rung('setpriv', ['--pdeathsig', 'TERM', 'ip', ...MONITOR]),
    rung('ip', MONITOR),
  ]);

  function rung(program: string, words: readonly string[]): Rung {
    return {
      name: 'ip-monitor',
      command: { program, arguments: words },
      isListening: (pid) => joinedNetlink(readFile, pid),
      judge: () => judgeIpMonitorLine,
    };
  }
}
