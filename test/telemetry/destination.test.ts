import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openDestination } from '../../src/telemetry/destination.ts';
import { type Bundle, bundle } from './bundle.ts';

let child: Bundle;
const started: ChildProcess[] = [];
let count = 0;

beforeAll(async () => {
  child = await bundle(new URL('./children/chatter.ts', import.meta.url));
});
afterEach(() => {
  for (const process of started.splice(0)) process.kill('SIGKILL');
});
afterAll(() => child.remove());

interface Beat {
  readonly written: number;
  readonly beats: number;
  readonly flushed?: number;
}

function chatter(lines: number, then: 'exit' | 'stay', stdout: 'pipe' | number = 'pipe') {
  count += 1;
  const report = join(child.folder, `report-${count}`);
  const process = spawn(execPath, [child.file, report, String(lines), then], {
    stdio: ['ignore', stdout, 'pipe'],
  });
  started.push(process);
  let stderr = '';
  process.stderr?.on('data', (data) => {
    stderr += String(data);
  });
  const beats = (): readonly Beat[] =>
    existsSync(report)
      ? readFileSync(report, 'utf8')
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line))
      : [];
  return { process, stderr: () => stderr, last: () => beats().at(-1) };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 1_200; tries += 1) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`never came true: ${what}`);
}

describe('a pipe', () => {
  it('gets every line, in order, also those just before the exit', async () => {
    const { process } = chatter(5_000, 'exit');
    let text = '';
    process.stdout?.on('data', (data) => {
      text += String(data);
    });
    await once(process, 'close');
    const numbers = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).number);
    expect(numbers).toEqual(Array.from({ length: 5_000 }, (_, index) => index));
  });

  it('that nobody reads stops nothing, costs bounded memory, and is told of its losses when it reads again', async () => {
    const { process, last } = chatter(60_000, 'stay');
    await until(() => (last()?.written ?? 0) === 60_000, 'all lines offered while nobody reads');
    const beforeRead = last()?.beats ?? 0;
    await until(() => (last()?.beats ?? 0) > beforeRead + 5, 'the event loop still turns');

    let text = '';
    process.stdout?.on('data', (data) => {
      text += String(data);
    });
    await until(() => text.includes('log_lines_dropped'), 'the losses are told');
    const lines = text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
    const notice = lines.find((line) => line.event === 'log_lines_dropped');
    const kept = lines.filter((line) => line.event === 'record_updated');
    expect(kept.map((line) => line.number)).toEqual(kept.map((_, index) => index));
    expect(kept.length + notice.count).toBe(60_000);
    // One MiB is kept, beside what the pipe and the chunk under way hold; 60,000 lines would be 19 MB.
    expect(Buffer.byteLength(text)).toBeGreaterThan(1_000_000);
    expect(Buffer.byteLength(text)).toBeLessThan(1_500_000);

    process.kill('SIGUSR2');
    await until(() => text.includes('a line on demand'), 'lines flow again');
  });

  it('that nobody reads does not keep the process from ending', async () => {
    const { process, last } = chatter(20_000, 'exit');
    const [code] = await once(process, 'exit');
    expect(code).toBe(0);
    expect(last()?.flushed).toBeDefined();
  });

  it('whose reader is gone is survived', async () => {
    const { process, last, stderr } = chatter(20_000, 'stay');
    process.stdout?.destroy();
    await until(() => (last()?.written ?? 0) === 20_000, 'all lines offered after the reader has gone');
    const beats = last()?.beats ?? 0;
    process.kill('SIGUSR2');
    await until(() => (last()?.beats ?? 0) > beats + 5, 'the event loop still turns');
    expect(process.exitCode).toBeNull();
    expect(stderr()).toBe('');
  });
});

describe('a file', () => {
  it('gets every line', async () => {
    const path = join(child.folder, 'log');
    const descriptor = openSync(path, 'w');
    const { process } = chatter(3_000, 'exit', descriptor);
    closeSync(descriptor);
    await once(process, 'exit');
    const numbers = readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).number);
    expect(numbers).toEqual(Array.from({ length: 3_000 }, (_, index) => index));
  });

  it('on a full disk is tried again, from the octet where it stopped, and told of the losses after', () => {
    const path = join(child.folder, 'full');
    const descriptor = openSync(path, 'w');
    const retries: Array<() => void> = [];
    let room = 25;
    let text = '';
    const destination = openDestination(
      { descriptor, mostBuffered: 55 },
      {
        later: (_, run) => {
          retries.push(run);
          return () => {};
        },
        writeFile: (_, octets, offset) => {
          if (room === 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
          const taken = Math.min(room, octets.length - offset);
          text += Buffer.from(octets.subarray(offset, offset + taken)).toString();
          room -= taken;
          return taken;
        },
      },
    );
    const losses: number[] = [];
    destination.onDropped = (count) => losses.push(count);
    const lines = Array.from({ length: 12 }, (_, index) => `line ${String(index).padStart(4, '0')}`);
    for (const line of lines) destination.write(line);
    retries.shift()?.();
    expect({ retries: retries.length, losses }).toEqual({ retries: 1, losses: [] });
    room = 1_000;
    retries.shift()?.();
    // Two and a half lines fitted; the third one waits with its rest, five more in the buffer, four are lost.
    expect(text).toBe(`${lines.slice(0, 8).join('\n')}\n`);
    expect({ retries: retries.length, losses }).toEqual({ retries: 0, losses: [4] });
    closeSync(descriptor);
  });
});

// A terminal of its own comes from Python's pty module, which Node lacks.
const PYTHON = `
import os, pty, sys, time, json
master, slave = pty.openpty()
pid = os.fork()
if pid == 0:
    os.setsid(); os.dup2(slave, 1); os.close(master)
    os.execvp(sys.argv[1], sys.argv[1:])
os.close(slave)
print(pid, flush=True)
sys.stdin.readline()
os.close(master)
sys.stdin.readline()
os.kill(pid, 9)
os.waitpid(pid, 0)
`;
const hasPython = spawnSync('python3', ['-c', 'import pty']).status === 0;

describe.skipIf(!hasPython)('a terminal', () => {
  it('that is stopped or hung up stops nothing', async () => {
    const report = join(child.folder, 'report-terminal');
    const holder = spawn('python3', ['-c', PYTHON, execPath, child.file, report, '20000', 'stay'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    started.push(holder);
    const last = (): Beat | undefined => {
      const text = existsSync(report) ? readFileSync(report, 'utf8') : '';
      const line = text.split('\n').at(-2);
      return line === undefined ? undefined : JSON.parse(line);
    };
    await until(() => last()?.written === 20_000, 'all lines offered to a terminal that takes none');
    holder.stdin.write('hang up\n');
    const beats = last()?.beats ?? 0;
    await until(() => (last()?.beats ?? 0) > beats + 20, 'the event loop still turns after the hang-up');
    holder.stdin.write('end\n');
    await once(holder, 'exit');
  });
});
