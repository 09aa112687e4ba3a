import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { askControl, ControlRefused, watchControl } from '../../src/control/client.ts';
import { controlPath } from '../../src/control/path.ts';
import { LONGEST_REQUEST, parseAnswer, parseRequest } from '../../src/control/protocol.ts';
import { type ControlHandlers, type ControlServer, startControl } from '../../src/control/server.ts';
import type { StatusReport } from '../../src/control/status.ts';
import { silentLog } from '../../src/telemetry/log.ts';

const REPORT: StatusReport = {
  pid: 1,
  version: '0.1.0',
  since: '2026-01-01T00:00:00Z',
  uplinks: [],
  sinks: [],
  sources: [{ name: 'ip-monitor', state: 'events é' }],
};

let folder: string;
let path: string;
let servers: ControlServer[];
let asked: unknown[];
let watchers: Set<(line: string) => void>;
const ever = new AbortController().signal;

const handlers: ControlHandlers = {
  status: () => REPORT,
  trigger: async (request) => {
    asked.push(request);
    if (request.release === 'nosuch') throw new Error('no sink is named nosuch');
    return { looked: true, released: 2 };
  },
  reload: () => ({ accepted: false, problems: ['line 3'] }),
  watch: (listener) => {
    watchers.add(listener);
    return () => watchers.delete(listener);
  },
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'netdrift-control-'));
  path = join(folder, 'control.sock');
  servers = [];
  asked = [];
  watchers = new Set();
});
afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()));
  rmSync(folder, { recursive: true, force: true });
});

async function start(requestTime?: number): Promise<ControlServer> {
  const server = await startControl(path, handlers, silentLog, requestTime);
  servers.push(server);
  return server;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Sends octets as they are and answers all that comes back until the end. */
async function raw(octets: string | Uint8Array, end = false): Promise<string> {
  const socket = connect({ path, allowHalfOpen: true });
  let text = '';
  socket.on('data', (data) => {
    text += String(data);
  });
  socket.on('error', () => {});
  await once(socket, 'connect');
  if (end) socket.end(octets);
  else socket.write(octets);
  await new Promise((resolve) => {
    socket.on('end', resolve);
    socket.on('close', resolve);
  });
  socket.destroy();
  return text;
}

describe('asking', () => {
  it('answers status, trigger and reload', async () => {
    await start();
    expect(await askControl(path, { ask: 'status' }, ever)).toEqual(REPORT);
    expect(await askControl(path, { ask: 'trigger', release: 'dyn' }, ever)).toEqual({
      looked: true,
      released: 2,
    });
    expect(await askControl(path, { ask: 'trigger' }, ever)).toEqual({ looked: true, released: 2 });
    expect(await askControl(path, { ask: 'reload' }, ever)).toEqual({
      accepted: false,
      problems: ['line 3'],
    });
    expect(asked).toEqual([{ release: 'dyn' }, {}]);
  });

  it('hands on what a handler could not do', async () => {
    await start();
    const refused = askControl(path, { ask: 'trigger', release: 'nosuch' }, ever);
    await expect(refused).rejects.toThrow(new ControlRefused('no sink is named nosuch'));
  });

  it('says that nothing runs if there is no socket, a dead one, or somebody else behind it', async () => {
    const notRunning = { code: 'NETDRIFT_NOT_RUNNING' };
    await expect(askControl(path, { ask: 'status' }, ever)).rejects.toMatchObject(notRunning);
    for (const words of ['', 'HTTP/1.1 400 Bad Request\r\n', '{"ok":1}\n', 'null\n']) {
      const other = createServer((socket) =>
        socket
          .on('error', () => {})
          .resume()
          .end(words),
      );
      await new Promise<void>((resolve) => other.listen(path, resolve));
      await expect(askControl(path, { ask: 'status' }, ever)).rejects.toMatchObject(notRunning);
      await new Promise((resolve) => other.close(resolve));
    }
  });

  it('stops when told to, also while a handler thinks', async () => {
    const server = await startControl(path, { ...handlers, status: () => new Promise(() => {}) }, silentLog);
    servers.push(server);
    const controller = new AbortController();
    const answer = askControl(path, { ask: 'status' }, controller.signal);
    controller.abort(new Error('enough'));
    await expect(answer).rejects.toThrow('enough');
    await expect(askControl(path, { ask: 'status' }, controller.signal)).rejects.toThrow('enough');
  });
});

describe('watching', () => {
  it('streams lines until the watcher leaves, and then stops the work for it', async () => {
    await start();
    const lines: string[] = [];
    const controller = new AbortController();
    const watching = watchControl(path, (line) => lines.push(line), controller.signal);
    await until(() => watchers.size === 1);
    for (const listener of watchers) {
      listener('{"event":"a"}');
      listener('two\nlines');
    }
    await until(() => lines.length === 2);
    expect(lines).toEqual(['{"event":"a"}', 'two lines']);
    controller.abort(new Error('enough'));
    await expect(watching).rejects.toThrow('enough');
    await until(() => watchers.size === 0);
  });

  it('ends when the server does', async () => {
    const server = await start();
    const watching = watchControl(path, () => {}, ever);
    await until(() => watchers.size === 1);
    await server.close();
    await watching;
  });

  it('leaves lines out for a watcher that does not read, and tells it how many', async () => {
    await start();
    const socket = connect(path);
    socket.pause();
    socket.write('{"ask":"watch"}\n');
    await until(() => watchers.size === 1);
    const [listener] = watchers;
    for (let count = 0; count < 100_000; count += 1)
      listener?.(`{"number":${count},"pad":"${'x'.repeat(500)}"}`);
    let text = '';
    socket.on('data', (data) => {
      text += String(data);
    });
    socket.resume();
    // A line is due before the losses can be told.
    const poke = setInterval(() => listener?.('{"number":-1}'), 5);
    await until(() => text.includes('log_lines_dropped'));
    clearInterval(poke);
    socket.destroy();
    const lines = text
      .split('\n')
      .slice(1, -1)
      .map((line) => JSON.parse(line));
    const lost = lines
      .filter((line) => line.event === 'log_lines_dropped')
      .reduce((sum, line) => sum + line.count, 0);
    const kept = lines.filter((line) => line.number >= 0);
    expect(kept.length + lost).toBeGreaterThanOrEqual(100_000);
    // 256 KiB wait here, and what the socket itself takes; all of them would be 52 MB.
    expect(kept.length).toBeLessThan(4_000);
  });
});

describe('the server', () => {
  it('refuses what is no request, and lives on (property)', async () => {
    await start();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (octets) => {
        const clean = octets.filter((octet) => octet !== 10);
        expect(parseAnswer(await raw(Buffer.concat([clean, Buffer.from('\n')])))).toMatchObject({
          ok: false,
        });
      }),
      { numRuns: 50 },
    );
    for (const text of ['[]', '7', '{"ask":"exec"}', '{"ask":"trigger","release":7}', '{"ask":["status"]}']) {
      expect(parseRequest(text)).toBeUndefined();
    }
    expect(await askControl(path, { ask: 'status' }, ever)).toEqual(REPORT);
  });

  it('refuses a line without end', async () => {
    await start();
    expect(await raw('x'.repeat(LONGEST_REQUEST + 1))).toContain('longer than 4096');
  });

  it('ends whoever says nothing, or says it too slowly', async () => {
    await start(30);
    expect(await raw('')).toBe('');
    expect(await raw('{"ask":')).toBe('');
  });

  it('answers one request a connection, to a client that has ended its side too, cut anywhere', async () => {
    await start();
    const answer = `${JSON.stringify({ ok: true, value: REPORT })}\n`;
    expect(await raw('{"ask":"status"}\n{"ask":"trigger"}\n')).toBe(answer);
    expect(await raw('{"ask":"status"}\n', true)).toBe(answer);
    expect(asked).toEqual([]);
    const socket = connect(path);
    let text = '';
    socket.on('data', (data) => {
      text += String(data);
    });
    for (const character of '{"ask":"status"}\n') {
      socket.write(character);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await once(socket, 'close');
    expect(text).toBe(answer);
  });

  it('listens for its own user alone and takes its socket away', async () => {
    const server = await start();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await server.close();
    expect(existsSync(path)).toBe(false);
  });

  it('is one a path, and replaces the socket of a killed process', async () => {
    await start();
    await expect(start()).rejects.toMatchObject({ code: 'NETDRIFT_ALREADY_RUNNING' });
    expect(await askControl(path, { ask: 'status' }, ever)).toEqual(REPORT);

    path = join(folder, 'stale.sock');
    const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`;
    const child = spawn(execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(existsSync(path)).toBe(true);
    await start();
    expect(await askControl(path, { ask: 'status' }, ever)).toEqual(REPORT);
  });
});

describe('controlPath', () => {
  it('is in the state folder, unless that is too long and not on Linux', () => {
    const deep = `/var/${'x'.repeat(100)}`;
    expect(controlPath('/var/lib/netdrift', 'darwin')).toBe('/var/lib/netdrift/control.sock');
    expect(controlPath(deep, 'linux')).toBe(`${deep}/control.sock`);
    expect(controlPath(deep, 'darwin')).toMatch(/^\/tmp\/netdrift-[0-9a-f]{24}\.sock$/);
    expect(controlPath(`${deep}y`, 'darwin')).not.toBe(controlPath(deep, 'darwin'));
    expect(controlPath('C:\\state', 'win32')).toMatch(/^\\\\\.\\pipe\\netdrift-[0-9a-f]{24}$/);
  });

  it.skipIf(process.platform !== 'linux')('can be as long as a path can be', async () => {
    const deep = join(folder, 'x'.repeat(120), 'y'.repeat(120));
    mkdirSync(deep, { recursive: true });
    path = controlPath(deep);
    const server = await start();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await askControl(path, { ask: 'status' }, ever)).toEqual(REPORT);
    await expect(start()).rejects.toMatchObject({ code: 'NETDRIFT_ALREADY_RUNNING' });
    await server.close();
    expect(existsSync(path)).toBe(false);
    await expect(askControl(path, { ask: 'status' }, ever)).rejects.toMatchObject({
      code: 'NETDRIFT_NOT_RUNNING',
    });
  });
});
