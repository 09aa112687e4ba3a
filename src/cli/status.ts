import { formatStatus } from '../control/format-status.ts';
import { EXIT } from './exit.ts';
import { askRunning } from './running.ts';

/** Shows the state of the running netdrift; the exit status says whether everything is published. */
export async function status(options: { readonly config?: string; readonly json?: true }): Promise<number> {
  const report = await askRunning(options, { ask: 'status' });
  process.stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : `${formatStatus(report)}\n`);
  return report.sinks.every((sink) => sink.state === 'ok') ? EXIT.published : EXIT.unpublished;
}
