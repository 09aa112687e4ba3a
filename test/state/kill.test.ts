import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readState } from '../../src/state/document.ts';
import { type Bundle, bundle } from '../telemetry/bundle.ts';
import { temporaryFolder } from './fixture.ts';

let child: Bundle;
beforeAll(async () => {
  child = await bundle(new URL('./children/writer.ts', import.meta.url));
});
afterAll(() => child.remove());

/** Starts a writer, kills it after so many of its lines and a bit, and answers what it said. */
async function writeAndKill(
  folder: string,
  lines: number,
  extra: number,
): Promise<readonly Record<string, unknown>[]> {
  const process = spawn(execPath, [child.file, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  let seen = 0;
  process.stdout.on('data', (data) => {
    text += String(data);
    seen = text.split('\n').length - 1;
    if (seen >= lines) setTimeout(() => process.kill('SIGKILL'), extra);
  });
  await once(process, 'close');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

describe('a process killed while it writes', () => {
  it('leaves a file that loads and a folder that opens, and its successor knows what it cannot know', async () => {
    const place = temporaryFolder();
    try {
      let before: Record<string, unknown> | undefined;
      for (let round = 0; round < 15; round += 1) {
        const said = await writeAndKill(place.folder, 1 + ((round * 7) % 23), round % 4);
        const [restored] = said;
        if (before !== undefined) {
          // The last word may have been cut off by the kill: "settled" and "begun again" are then both possible.
          const { sent, settled } = before;
          if (settled !== undefined && restored?.['unclear'] === false) {
            expect(restored?.['confirmed']).toEqual([settled]);
          } else if (sent !== undefined && restored?.['unclear'] === false) {
            expect(restored?.['confirmed']).toEqual([sent]);
          } else {
            expect(restored).toEqual({ confirmed: null, unclear: true });
          }
        }
        before = said.length > 1 ? said.at(-1) : undefined;
        const path = join(place.folder, 'state.json');
        if (existsSync(path)) expect(readState(readFileSync(path, 'utf8')).kind).toBe('read');
      }
    } finally {
      place.remove();
    }
  }, 60_000);
});
