import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { compileFunction } from 'node:vm';
import type { Family } from '../../../src/model/family.ts';
import type { Gateway } from '../../../src/sources/snapshot/contract.ts';

/** The systems that default-gateway knows how to ask. */
export const SYSTEMS = ['linux', 'darwin', 'win32', 'android', 'freebsd', 'sunos'] as const;

/** The texts that the programs of a system write, one a call; the last again and again. */
export type Programs = (texts: readonly string[]) => (family: Family) => Promise<Gateway>;

const SOURCE = readFileSync(
  new URL('../../../node_modules/default-gateway/index.js', import.meta.url),
  'utf8',
);
const PARAMETERS = ['isIP', 'execa', 'execaSync', 'platform', 'type', 'release', 'networkInterfaces'];
const BODY = SOURCE.replaceAll(/^import .*$/gm, '').replace(
  /^export const gateway4async[\s\S]*$/m,
  'return promise;',
);

type Package = (family: 4 | 6) => Promise<Gateway>;

/**
 * The package as it would be on another system: which of its parsers there is, it decides as it is loaded, and the texts come from programs
 * that only that system has.
 */
export function packageOn(system: (typeof SYSTEMS)[number]): Programs {
  let texts: readonly string[] = [];
  let turn = 0;
  const execa = async () => ({ stdout: texts[Math.min(turn++, texts.length - 1)] ?? '' });
  const make = compileFunction(BODY, PARAMETERS) as (...collaborators: readonly unknown[]) => Package;
  const ask = make(
    isIP,
    execa,
    undefined,
    () => system,
    () => '',
    () => '23.0.0',
    () => ({
      eth0: [{ address: '192.0.2.10', mac: '02:00:00:00:00:01' }],
    }),
  );
  return (given) => {
    texts = given;
    turn = 0;
    return (family) => ask(family === 'ipv4' ? 4 : 6);
  };
}
