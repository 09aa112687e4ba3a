import { appendFileSync } from 'node:fs';
import { openDestination } from '../../../src/telemetry/destination.ts';
import { createLog } from '../../../src/telemetry/logger.ts';
import { createRedactor } from '../../../src/telemetry/redact.ts';

/**
 * Writes `lines` log lines in bursts, and reports to a file of its own that its event loop still turns. argv: report file, lines,
 * what to do when they are written (`exit` after a flush, or `stay`).
 */
const [report = '', lines = '0', then = 'exit'] = process.argv.slice(2);
const destination = openDestination();
const log = createLog(
  { level: 'info', format: 'json' },
  {
    destination,
    clock: { wall: () => Date.now() },
    redact: createRedactor(),
  },
);

let written = 0;
let beats = 0;
const total = Number(lines);
const beat = setInterval(() => {
  for (let burst = 0; burst < 1_000 && written < total; burst += 1) {
    log.info('record_updated', 'x'.repeat(200), { number: written });
    written += 1;
  }
  beats += 1;
  appendFileSync(report, `${JSON.stringify({ written, beats })}\n`);
  if (written < total || then !== 'exit') return;
  clearInterval(beat);
  const started = performance.now();
  void destination.flush().then(() => {
    appendFileSync(report, `${JSON.stringify({ flushed: performance.now() - started })}\n`);
    process.exit(0);
  });
}, 5);

process.on('SIGUSR2', () => log.info('ready', 'a line on demand'));
