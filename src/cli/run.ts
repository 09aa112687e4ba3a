import { startDaemon } from '../daemon/daemon.ts';
import { endChildren, systemHost } from '../daemon/host.ts';
import { openLogging } from '../daemon/logging.ts';
import { systemServiceManager } from '../daemon/system-service-manager.ts';
import { collect, ownCollections, quietTimes } from '../daemon/tidying.ts';
import { configuration } from './configuration.ts';
import { createEnding } from './ending.ts';
import { EXIT } from './exit.ts';

/** Milliseconds that writes under way get after the first signal; with all the rest the process is gone within 5 s. */
const GRACE = 3_000;

/** Runs until SIGTERM or SIGINT (a second one ends it at once). SIGHUP reads the configuration again, SIGUSR1 makes it look. */
export async function run(options: { readonly config?: string }): Promise<number> {
  // Read by the C library at the first name it resolves. By itself it waits 5 s before it asks again: a question that left in the last moment
  // of an outage would hold up the publication for so long after the network's return.
  process.env['RES_OPTIONS'] ??= 'timeout:1 attempts:2';
  // From the first moment to the last: a signal that nobody listens to ends the process, and between two sessions nobody listens to SIGUSR1.
  process.on('SIGUSR1', () => {});
  let reload: (() => void) | undefined;
  let asked = false;
  process.on('SIGHUP', () => {
    asked = reload === undefined;
    reload?.();
  });
  const { file, settings, providers } = await configuration(options);
  const logging = openLogging(settings, { clock: systemHost.clock, descriptor: 1 });
  const { log } = logging;
  // A defect is a line in the log and a mended state at the next look, not the end of the process.
  const survive = (error: unknown): void =>
    log.error('defect', `a defect was survived: ${String(error)}`, { error });
  process.on('uncaughtException', survive);
  process.on('unhandledRejection', survive);

  const ending = createEnding({
    log,
    flush: () => logging.flush(),
    endChildren,
    resources: () => process.getActiveResourcesInfo(),
    exit: (code) => process.exit(code),
    kill: () => process.kill(process.pid, 'SIGKILL'),
  });
  // Before anything is started: what a signal meets half started is ended as well.
  const stopped = new Promise<void>((resolve) => {
    let stopping = false;
    const stop = (signal: NodeJS.Signals): void => {
      if (stopping) ending.leaveNow(EXIT.unpublished);
      stopping = true;
      log.info('stopping', `${signal}: finishing what is under way`, { reason: signal });
      ending.limit();
      resolve();
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
  const service = systemServiceManager();
  const daemon = await startDaemon({ file, settings, providers, host: systemHost, logging, service }).catch(
    async (error: unknown) => {
      await logging.flush();
      throw error;
    },
  );
  reload = () => void daemon.reload();
  if (asked) reload();
  void service.ready(`${settings.uplinks.length} uplink(s), ${settings.sinks.length} sink(s)`);
  const tidying = quietTimes(ownCollections, systemHost.scheduler).subscribe(collect);
  await stopped;
  tidying.unsubscribe();
  await Promise.all([daemon.stop(GRACE), service.stopping()]);
  log.info('stopped', 'netdrift has stopped');
  await logging.flush();
  // Whatever might still hold the event loop (a hung log reader) must not keep the process.
  await ending.leave(EXIT.published);
  return EXIT.published;
}
