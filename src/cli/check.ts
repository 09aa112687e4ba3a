import { configuration } from './configuration.ts';
import { EXIT } from './exit.ts';

/** Reads the configuration with its secrets and says what it amounts to; starts nothing, writes nothing. */
export async function check(options: { readonly config?: string }): Promise<number> {
  const { file, settings, warnings } = await configuration(options);
  const records = settings.sinks.reduce((sum, sink) => sum + sink.records.length, 0);
  const notes = warnings.length === 0 ? '' : `, ${warnings.length} warning(s)`;
  process.stdout.write(
    `${file} is right: ${settings.uplinks.length} uplink(s), ${settings.sinks.length} sink(s), ${records} record(s)${notes}\n`,
  );
  return EXIT.published;
}
