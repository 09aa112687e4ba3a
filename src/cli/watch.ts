import { Subject, takeUntil, tap } from 'rxjs';
import { watchControl } from '../control/client.ts';
import { addressParts } from '../daemon/address-parts.ts';
import { systemHost } from '../daemon/host.ts';
import { openLogging } from '../daemon/logging.ts';
import { createNarrator } from '../daemon/narrator.ts';
import { createPools } from '../daemon/pools.ts';
import { namedInterfaces } from '../daemon/questions.ts';
import { USER_AGENT } from '../daemon/user-agent.ts';
import type { Settings } from '../model/settings.ts';
import { detectorKinds } from '../sources/addresses/registry.ts';
import { createSnapshotReader } from '../sources/snapshot/index.ts';
import { triggerSources } from '../sources/triggers/index.ts';
import { addresses } from '../streams/pipeline.ts';
import { textLine } from '../telemetry/text-line.ts';
import { EXIT } from './exit.ts';
import { withRunning } from './running.ts';

/**
 * Prints every event and decision until interrupted: of the running netdrift if there is one, else of a watcher of its own,
 * which looks and detects like the real one and has no sinks.
 */
export async function watch(options: { readonly config?: string }): Promise<number> {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
  try {
    await withRunning(
      options,
      (socket) => watchControl(socket, printLine, interrupted.signal),
      ({ settings }) => {
        process.stderr.write('no netdrift runs with this configuration: watching the host, without sinks\n');
        return watchHost(settings, interrupted.signal);
      },
    );
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
  }
  return EXIT.published;
}

const colour = process.stdout.isTTY && !process.env['NO_COLOR'];

function printLine(line: string): void {
  process.stdout.write(`${process.stdout.isTTY ? textLine(line, colour) : line}\n`);
}

async function watchHost(settings: Settings, signal: AbortSignal): Promise<void> {
  const host = systemHost;
  const logging = openLogging(settings, { clock: host.clock, descriptor: 1, level: 'trace' });
  const { log } = logging;
  const pools = createPools({ userAgent: USER_AGENT });
  const snapshot = createSnapshotReader(
    { platform: host.platform, log },
    { named: () => namedInterfaces(settings) },
  );
  const raw = triggerSources(
    { ...host, log, snapshot },
    { ...settings.watch, named: namedInterfaces(settings) },
  ).pipe(
    tap(({ reason, source, mode, detail }) =>
      log.trace('trigger_raw', `${source}: ${reason}${detail === undefined ? '' : ` (${detail})`}`, {
        reason,
        mode,
      }),
    ),
  );
  const ended = new Subject<void>();
  signal.addEventListener('abort', () => ended.next(), { once: true });
  const init = {
    host,
    log,
    narrator: createNarrator(log, host.clock),
    detectors: detectorKinds,
    snapshot,
    triggers: raw,
    pools,
  };
  await new Promise<void>((resolve, reject) => {
    addresses(addressParts(settings, init))
      .pipe(takeUntil(ended))
      .subscribe({ error: reject, complete: resolve });
  });
  await pools.close();
  await logging.flush();
}
