import { lockFolder } from '../../../src/state/lock.ts';

/** Waits for the starting signal (any octet on stdin), tries to take the lock of the folder once, says how it went, and stays. */
const [folder = ''] = process.argv.slice(2);
process.stdout.write('ready\n');
process.stdin.once('data', async () => {
  const answer = await lockFolder(folder).catch((error: unknown) => ({ kind: String(error) }));
  process.stdout.write(`${answer.kind}\n`);
});
