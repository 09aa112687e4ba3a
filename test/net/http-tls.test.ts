import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificate, type TestCertificate } from '../fakes/certificate.ts';
import { type FakeProxy, startProxy } from '../fakes/http-proxy.ts';
import { type FakeHttpServer, startHttpServer } from '../fakes/http-server.ts';

// NODE_EXTRA_CA_CERTS is read once, when a process starts: what it trusts can only be seen from a process of its own.
const PROGRAM = `
import { createHttpPool } from './src/net/http-client.ts';
const [urls, init] = JSON.parse(process.argv[2]);
const pool = createHttpPool({ userAgent: 'child', ...init });
const results = [];
for (const url of urls) {
  const request = { method: 'POST', url: new URL(url), body: 'hello' };
  results.push(await pool.client(request, AbortSignal.timeout(3_000)).then(
    ({ status, body }) => ({ status, body }),
    ({ name, kind, sent, message }) => ({ name, kind, sent, message }),
  ));
}
await pool.close();
console.log(JSON.stringify(results));
`;

let folder: string;
let certificate: TestCertificate;
let server: FakeHttpServer;
let proxy: FakeProxy | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'netdrift-tls-'));
  await build({
    stdin: { contents: PROGRAM, resolveDir: join(import.meta.dirname, '../..'), loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: join(folder, 'program.mjs'),
    // undici is CommonJS, and needs a `require` inside an ES module.
    banner: {
      js: "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
  certificate = makeCertificate(['localhost', '127.0.0.1', 'service.example.org']);
  await writeFile(join(folder, 'ca.pem'), certificate.cert);
});

afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
  await server.close();
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function start(tls: TestCertificate | 'plain' = certificate): Promise<void> {
  server = await startHttpServer({
    ...(tls === 'plain' ? {} : { tls }),
    respond: (request) => ({ status: 200, body: `${request.headers.host} ${request.body}` }),
  });
}

async function ask(urls: readonly string[], init: object = {}, trusted = 'ca.pem'): Promise<unknown[]> {
  const child = spawn(process.execPath, [join(folder, 'program.mjs'), JSON.stringify([urls, init])], {
    env: { NODE_EXTRA_CA_CERTS: join(folder, trusted) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  for await (const chunk of child.stdout) text += chunk;
  return JSON.parse(text) as unknown[];
}

const port = (): number => Number(server.url.port);
const viaProxy = (user = ''): object => ({
  proxy: { HTTPS_PROXY: proxy?.url.href.replace('//', `//${user}`), HTTP_PROXY: proxy?.url.href },
});

describe('TLS', () => {
  it('trusts what NODE_EXTRA_CA_CERTS adds, by name and by address, on kept connections', async () => {
    await start();
    const url = `https://localhost:${port()}/`;
    const answers = await ask([url, url, `https://127.0.0.1:${port()}/`]);
    expect(answers).toEqual([
      { status: 200, body: `localhost:${port()} hello` },
      { status: 200, body: `localhost:${port()} hello` },
      { status: 200, body: `127.0.0.1:${port()} hello` },
    ]);
    expect(server.load.opened).toBe(2);
  });

  it('refuses a trusted certificate for another name, sending nothing', async () => {
    const elsewhere = makeCertificate(['elsewhere.example.org']);
    await writeFile(join(folder, 'other.pem'), elsewhere.cert);
    await start(elsewhere);
    const message = expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(await ask([`https://localhost:${port()}/`], {}, 'other.pem')).toMatchObject([
      { kind: 'tls', sent: false, message },
    ]);
    expect(server.requests).toEqual([]);
  });

  it('refuses a certificate nobody vouches for, also where no authority is known at all', async () => {
    await start();
    await writeFile(join(folder, 'empty.pem'), '');
    for (const trusted of ['empty.pem', 'missing.pem']) {
      expect(await ask([`https://localhost:${port()}/`], {}, trusted)).toMatchObject([
        { kind: 'tls', sent: false },
      ]);
    }
    expect(server.requests).toEqual([]);
  });
});

describe('a proxy from the environment', () => {
  it('tunnels HTTPS, with the certificate of the server checked and the proxy credentials kept from it', async () => {
    await start();
    proxy = await startProxy(port());
    const answers = await ask(['https://service.example.org/x'], viaProxy('me:p%40ss@'));
    expect(answers).toEqual([{ status: 200, body: 'service.example.org hello' }]);
    const authorization = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;
    expect(proxy.requests).toEqual([{ line: 'CONNECT service.example.org:443', authorization }]);
    expect(server.requests[0]?.headers['proxy-authorization']).toBeUndefined();
    expect(server.requests[0]?.target).toBe('/x');
    expect(await ask(['https://other.example.org/'], viaProxy())).toMatchObject([
      { kind: 'tls', sent: false },
    ]);
    expect(server.requests).toHaveLength(1);
  });

  it('forwards plain HTTP, and goes direct for this host and for NO_PROXY', async () => {
    await start('plain');
    proxy = await startProxy(port());
    const answers = await ask(['http://service.example.org/y', `http://127.0.0.1:${port()}/z`], viaProxy());
    expect(answers).toEqual([
      { status: 200, body: 'service.example.org hello' },
      { status: 200, body: `127.0.0.1:${port()} hello` },
    ]);
    expect(proxy.requests).toEqual([{ line: 'POST http://service.example.org/y' }]);
  });

  it.each(['refuse', 'mute'] as const)('%s: the request was not sent', async (mode) => {
    await start();
    proxy = await startProxy(port(), mode);
    const kind = mode === 'refuse' ? 'connect' : 'timeout';
    expect(await ask(['https://service.example.org/secret'], viaProxy())).toMatchObject([
      { name: 'HttpFailure', kind, sent: false, message: expect.not.stringContaining('secret') },
    ]);
    expect(server.requests).toEqual([]);
  });
});
