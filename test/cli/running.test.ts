import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { askRunning } from '../../src/cli/running.ts';

let folder: string;
let server: Server;
const sockets: Socket[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'netdrift-running-'));
  server = createServer((socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(join(folder, 'control.sock'), resolve));
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
  rmSync(folder, { recursive: true });
});

describe('a netdrift that takes the question and never answers', () => {
  it('is told apart from one that does not run, with what to do', async () => {
    const config = join(folder, 'config.yaml');
    writeFileSync(config, `state_dir: .\nsinks: nonsense\n`);
    await expect(askRunning({ config }, { ask: 'status' }, 20)).rejects.toMatchObject({
      code: 'NETDRIFT_NO_ANSWER',
      message: `the netdrift at ${join(folder, 'control.sock')} did not answer within 20ms`,
      remedy: expect.stringContaining('ask again'),
    });
  });
});
