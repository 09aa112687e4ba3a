import { openState } from '../../../src/state/store.ts';
import { silentLog } from '../../../src/telemetry/log.ts';
import { hostClock } from './host-clock.ts';
import { key, target, updated } from './records.ts';

/** Writes numbered addresses for ever: attempt, "send" (a line on stdout), settle. Killed by the test at a random moment. */
const [folder = ''] = process.argv.slice(2);
const store = await openState(folder, { clock: hostClock, log: silentLog });
const sink = store.sink('dyn', 'f');
// What an earlier run left: printed for the test to compare with what it saw.
process.stdout.write(
  `${JSON.stringify({ confirmed: sink.confirmed(key) ?? null, unclear: sink.unclear(key) })}\n`,
);
for (let count = 0; ; count += 1) {
  const address = `203.0.113.${count % 250}`;
  await sink.attempting([target(address)]);
  process.stdout.write(`{"sent":"${address}"}\n`);
  await sink.settle([updated(address)]);
  process.stdout.write(`{"settled":"${address}"}\n`);
}
