import * as z from 'zod';
import type { Family } from '../../model/family.ts';
import type { Reading, Witness } from '../../model/reading.ts';
import { cleanWords } from '../../net/http-words.ts';
import type { DetectorKind } from '../contract.ts';
import { readAddressText, unavailable, useless } from './answer.ts';
import { type CommandResult, runCommand } from './run-command.ts';

const options = z.strictObject({ argv: z.tuple([z.string().min(1)], z.string()) });

/** What of netdrift's environment a command gets to see; the rest may hold secrets. */
const PASSED_ON = ['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'TEMP', 'SYSTEMROOT', 'PATHEXT'];

/**
 * A program of the operator's own, without a shell; its standard output must be exactly one address. It finds the family in
 * NETDRIFT_FAMILY and, where the uplink is bound, the interface in NETDRIFT_INTERFACE and the address in NETDRIFT_SOURCE.
 */
export const commandKind: DetectorKind<z.infer<typeof options>> = {
  name: 'command',
  title: 'the output of a program',
  options,
  create: (init, { spawn }) => {
    const [file, ...parameters] = init.options.argv;
    // Without the parameters, which may hold secrets.
    const via: Witness = { detector: 'command', name: file, operator: 'the operator', seesPath: true };
    const start = () =>
      spawn(file, parameters, {
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: process.platform !== 'win32',
        windowsHide: true,
        env: {
          ...Object.fromEntries(PASSED_ON.map((name) => [name, process.env[name]])),
          NETDRIFT_FAMILY: init.family,
          NETDRIFT_INTERFACE: init.interface,
          NETDRIFT_SOURCE: init.source,
        },
      });
    return [
      {
        witness: via,
        // It may well ask somebody outside; nobody but the operator knows.
        outside: true,
        read: async ({ signal }) => readingOf(await runCommand(start, signal), via, init.family),
      },
    ];
  },
};

function readingOf(result: CommandResult, via: Witness, family: Family): Reading {
  if (result.kind === 'failed') return unavailable(via, result.why);
  if (result.code !== 0) {
    const said = cleanWords(result.stderr);
    return unavailable(via, `ended with status ${result.code}${said === '' ? '' : `: ${said}`}`);
  }
  if (result.stdout.trim() === 'none') return { kind: 'absent', via, why: 'it says that there is none' };
  const read = readAddressText(result.stdout, family, 'its output');
  if (read.kind === 'wrong') return useless(via, read.why);
  return { kind: 'known', address: read.address, via, why: 'its output' };
}
