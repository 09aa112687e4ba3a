import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificate, type TestCertificate } from '../../fakes/certificate.ts';
import { httpsNameServer, nameServer, type WhoamiServer, whoami } from './dns-fixtures.ts';

// NODE_EXTRA_CA_CERTS is read once, when a process starts: what it trusts can only be seen from a process of its own.
const PROGRAM = `
import { randomBytes } from 'node:crypto';
import { dnsKind } from './src/sources/addresses/dns.ts';
import { createHttpPool } from './src/net/http-client.ts';
const [services, family] = JSON.parse(process.argv[2]);
const pool = createHttpPool({ userAgent: 'child', family });
const init = { family, options: dnsKind.options.parse({ services }), allow: [] };
const detectors = dnsKind.create(init, { randomBytes, http: () => pool.client });
const question = { snapshot: { interfaces: [], routes: [] }, signal: AbortSignal.timeout(5_000) };
const readings = [];
for (const detector of detectors) readings.push(await detector.read(question));
await pool.close();
console.log(JSON.stringify(readings));
`;

let folder: string;
let certificate: TestCertificate;
const open: WhoamiServer[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'netdrift-dot-'));
  await build({
    stdin: { contents: PROGRAM, resolveDir: join(import.meta.dirname, '../../..'), loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    outfile: join(folder, 'program.mjs'),
    logLevel: 'error',
  });
  certificate = makeCertificate(['127.0.0.1', '::1', 'dns.example.org']);
  await writeFile(join(folder, 'ca.pem'), certificate.cert);
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function ask(services: readonly object[], family = 'ipv4', env: object = {}): Promise<unknown[]> {
  const words = JSON.stringify([services, family]);
  const child = spawn(process.execPath, [join(folder, 'program.mjs'), words], {
    env: { NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'), ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  for await (const chunk of child.stdout) text += chunk;
  return JSON.parse(text) as unknown[];
}

const NAME = { name: 'whoami.cloudflare', type: 'TXT', class: 'CH' };
const unavailable = (why: RegExp) => ({ kind: 'unavailable', why: expect.stringMatching(why) });

describe('the dns detector over TLS', () => {
  it('believes a server whose certificate holds its address or the name given, and no other', async () => {
    const server = await nameServer(({ query }) => [whoami(query, '8.8.4.4')], { tls: certificate });
    open.push(server);
    const entry = { server: `127.0.0.1:${server.port}`, transport: 'dot', ...NAME };
    const readings = await ask([
      entry,
      { ...entry, tls_name: 'dns.example.org' },
      { ...entry, tls_name: 'other.example.org' },
    ]);
    const name = `whoami.cloudflare at tls://127.0.0.1:${server.port}`;
    expect(readings).toEqual([
      {
        kind: 'known',
        address: '8.8.4.4',
        via: {
          detector: 'dns',
          name,
          operator: '127.0.0.1',
          path: `tls://127.0.0.1:${server.port}`,
          seesPath: true,
        },
        why: `seen by tls://127.0.0.1:${server.port}`,
      },
      expect.objectContaining({ kind: 'known', address: '8.8.4.4' }),
      expect.objectContaining(unavailable(/ERR_TLS_CERT_ALTNAME_INVALID/)),
    ]);
    expect(server.asked).toHaveLength(2);
  });

  it('reaches an IPv6 server by its address', async () => {
    const server = await nameServer(({ query }) => [whoami(query, '2a00:1450::1')], {
      tls: certificate,
      host: '::1',
    });
    open.push(server);
    const [reading] = await ask([{ server: `[::1]:${server.port}`, transport: 'dot', ...NAME }], 'ipv6');
    expect(reading).toMatchObject({ kind: 'known', address: '2a00:1450::1' });
  });

  it('never asks a server with a certificate nobody vouches for, whatever the environment says', async () => {
    const tls = makeCertificate(['127.0.0.1']);
    const server = await nameServer(({ query }) => [whoami(query, '8.8.4.4')], { tls });
    open.push(server);
    const entry = { server: `127.0.0.1:${server.port}`, transport: 'dot', ...NAME };
    const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_NO_WARNINGS: '1' };
    expect(await ask([entry], 'ipv4', env)).toEqual([
      expect.objectContaining(unavailable(/cannot connect to .* over TLS: DEPTH_ZERO_SELF_SIGNED_CERT/)),
    ]);
    expect(server.asked).toEqual([]);
  });

  it('says so when the other side speaks no TLS', async () => {
    // Answers a ClientHello with a page, as a captive portal does.
    const server = await httpsNameServer(() => ({ octets: Buffer.alloc(0) }));
    open.push(server);
    const [reading] = await ask([{ server: `127.0.0.1:${server.port}`, transport: 'dot', ...NAME }]);
    expect(reading).toMatchObject(unavailable(/cannot connect to .* over TLS: E/));
  });

  it('asks over HTTPS, by name or IPv6 address, with a good certificate only', async () => {
    const respond = ({ query }: { query: Parameters<typeof whoami>[0] }) => ({
      octets: whoami(query, '2a00:1450::1'),
    });
    const good = await httpsNameServer(respond, { tls: certificate, host: '::1' });
    const bad = await httpsNameServer(respond, { tls: makeCertificate(['::1']), host: '::1' });
    open.push(good, bad);
    const readings = await ask(
      [good, bad].map(({ url }) => ({ url, transport: 'doh', ...NAME })),
      'ipv6',
    );
    expect(readings).toEqual([
      expect.objectContaining({
        kind: 'known',
        address: '2a00:1450::1',
        via: {
          detector: 'dns',
          name: `whoami.cloudflare at ${good.url}`,
          operator: '[::1]',
          path: new URL(good.url).origin,
          seesPath: true,
        },
      }),
      expect.objectContaining(unavailable(/no TLS connection/)),
    ]);
  });
});
