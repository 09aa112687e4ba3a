// V8's code cache of the program, for the Node that runs this: what was compiled by one short run of netdrift is in it, so that the next
// start compiles none of that again. The run talks to a server of ours on the loopback and leaves nothing behind.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import os from 'node:os';
import path from 'node:path';

/** Milliseconds for the start, and for what follows the first request: the answer, the state, the log. */
const PATIENCE = 20_000;
const SETTLE = 500;

/** As most configurations: an address of an interface, or else a fixed one, a service asked over HTTP, and the embedded server. */
const configuration = (port) => `
uplinks:
  wan:
    ipv4: [interface, { detector: static, address: 192.0.2.1 }]
    allow: [private, cgnat, documentation, benchmark]
sinks:
  dyn:
    provider: dyndns2
    server: http://127.0.0.1:${port}
    insecure_http: true
    username: user
    password: none
    allow: [private, cgnat, documentation, benchmark]
    records: [{ name: host.example.org, types: [A] }]
  local:
    provider: embedded
    listen: 127.0.0.1:0
    allow: [private, cgnat, documentation, benchmark]
    records: [{ name: host.netdrift.test, types: [A] }]
`;

/** Makes it where the launcher looks for it. @throws Error if netdrift did not get as far as its first request. */
export async function makeCodeCache(launcher) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'netdrift-code-cache-'));
  const server = createServer((request, response) => {
    response.end(`good ${new URL(request.url, 'http://localhost').searchParams.get('myip')}\n`);
  });
  let child;
  try {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const config = path.join(folder, 'config.yaml');
    writeFileSync(config, configuration(server.address().port), { mode: 0o600 });
    const run = path.join(import.meta.dirname, 'code-cache-run.cjs');
    child = spawn(process.execPath, [run, launcher, 'run', '--config', config], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, STATE_DIRECTORY: folder, RUNTIME_DIRECTORY: folder },
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
    const ended = once(child, 'exit').then(([code]) => code);
    const early = ended.then((code) => Promise.reject(new Error(`it ended with ${code}: ${said}`)));
    const patience = AbortSignal.timeout(PATIENCE);
    await Promise.race([once(server, 'request', { signal: patience }), early]);
    await new Promise((resolve) => setTimeout(resolve, SETTLE));
    child.kill('SIGTERM');
    const code = await ended;
    if (code !== 0) throw new Error(`it ended with ${code}: ${said}`);
  } finally {
    child?.kill('SIGKILL');
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  }
}
