import { access } from 'node:fs/promises';
import { formatProblems, type Problem } from '../config/load.ts';
import { load } from '../daemon/loading.ts';
import { NetdriftError } from '../errors.ts';
import type { Settings } from '../model/settings.ts';
import type { Provider } from '../sinks/contract.ts';

export interface Configured {
  readonly file: string;
  readonly settings: Settings;
  readonly warnings: readonly Problem[];
  /** The providers its sinks name. */
  readonly providers: readonly Provider[];
}

const PLACES = ['config.yaml', '/etc/netdrift/config.yaml'];

/** The file to read: the one given, else $NETDRIFT_CONFIG, else the first of the usual places that exists. */
export async function configurationFile(given: string | undefined): Promise<string> {
  const named = given ?? process.env['NETDRIFT_CONFIG'];
  if (named !== undefined && named !== '') return named;
  for (const place of PLACES) {
    const exists = await access(place).then(
      () => true,
      () => false,
    );
    if (exists) return place;
  }
  throw new NetdriftError('NETDRIFT_CONFIG_UNREADABLE', [PLACES.join(' or '), 'there is no such file']);
}

/**
 * Reads the configuration of a command, printing warnings and problems on standard error.
 * @throws NetdriftError NETDRIFT_CONFIG_INVALID after having printed every problem.
 */
export async function configuration(options: { readonly config?: string }): Promise<Configured> {
  const file = await configurationFile(options.config);
  const parsed = await load(file);
  if (!parsed.ok && parsed.unreadable !== undefined) {
    throw new NetdriftError('NETDRIFT_CONFIG_UNREADABLE', [file, parsed.unreadable]);
  }
  const said = parsed.ok ? parsed.warnings : parsed.problems;
  if (said.length > 0) process.stderr.write(`${formatProblems(said)}\n`);
  if (!parsed.ok) {
    const count = parsed.problems.filter((problem) => problem.severity === 'error').length;
    throw new NetdriftError('NETDRIFT_CONFIG_INVALID', [
      file,
      count === 1 ? 'a problem' : `${count} problems`,
    ]);
  }
  return { file, settings: parsed.settings, warnings: parsed.warnings, providers: parsed.providers };
}
