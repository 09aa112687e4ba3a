import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpPool } from '../../src/net/http-client.ts';
import type { WriteResult } from '../../src/sinks/contract.ts';
import { plan } from '../../src/sinks/plan.ts';
import { powerdns } from '../../src/sinks/powerdns.ts';
import { callOf, components, target } from '../sinks/rest/support.ts';
import { required } from './support/needs.ts';

const PROGRAMS = ['pdns_server', 'pdnsutil', 'sqlite3', 'dig'];
const SCHEMA = '/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql';
const missing = PROGRAMS.filter((program) => spawnSync('which', [program]).status !== 0);
const why = required(missing.length === 0 ? undefined : `needs ${missing.join(', ')}`);
const title = why === undefined ? 'PowerDNS' : `PowerDNS [skipped: ${why}]`;
const run = promisify(execFile);

const KEY = 'the-api-key-of-the-lab';
const ZONE = 'example.test';

/** A port that is free for TCP, and so most likely for UDP. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const configuration = (folder: string, dns: number, web: number): string => `
launch=gsqlite3
gsqlite3-database=${folder}/zones.sqlite
config-dir=${folder}
socket-dir=${folder}
setuid=
setgid=
daemon=no
guardian=no
disable-syslog=yes
local-address=127.0.0.1
local-port=${dns}
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
zone-cache-refresh-interval=0
security-poll-suffix=
api=yes
api-key=${KEY}
webserver=yes
webserver-address=127.0.0.1
webserver-port=${web}
webserver-allow-from=127.0.0.0/8
`;

describe.skipIf(missing.length > 0)(title, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'netdrift-powerdns-'));
  const pool = createHttpPool({ userAgent: 'netdrift-lab/1.0' });
  let server: ChildProcess;
  let said = '';
  let dnsPort = 0;
  let webPort = 0;

  const pdnsutil = (...words: readonly string[]) => run('pdnsutil', [`--config-dir=${folder}`, ...words]);

  beforeAll(async () => {
    dnsPort = await freePort();
    webPort = await freePort();
    writeFileSync(path.join(folder, 'pdns.conf'), configuration(folder, dnsPort, webPort));
    const database = path.join(folder, 'zones.sqlite');
    const made = spawnSync('sqlite3', [database], { input: readFileSync(SCHEMA, 'utf8') });
    if (made.status !== 0) throw new Error(`no database: ${made.stderr.toString()}`);
    await pdnsutil('create-zone', ZONE, `ns.${ZONE}`);
    await pdnsutil('set-meta', ZONE, 'SOA-EDIT-API', 'DEFAULT');
    await pdnsutil('add-record', ZONE, 'old', 'A', '777', '192.0.2.1');
    await pdnsutil('add-record', ZONE, 'old', 'AAAA', '888', '2001:db8::1');
    await pdnsutil('add-record', ZONE, 'old', 'TXT', '999', '"a neighbour"');
    await pdnsutil('add-record', ZONE, 'myold', 'A', '777', '192.0.2.1');
    await pdnsutil('add-record', ZONE, 'alias', 'CNAME', '300', `old.${ZONE}`);
    await pdnsutil('create-secondary-zone', 'copied.test', '127.0.0.1');
    server = spawn('pdns_server', [`--config-dir=${folder}`], { stdio: ['ignore', 'pipe', 'pipe'] });
    await new Promise<void>((resolve, reject) => {
      server.on('exit', (status) => reject(new Error(`pdns_server ended with ${status}: ${said}`)));
      const hear = (chunk: Buffer) => {
        said += chunk.toString();
        if (/done launching threads|Done launching/i.test(said)) resolve();
      };
      server.stdout?.on('data', hear);
      server.stderr?.on('data', hear);
    });
  }, 30_000);

  afterAll(async () => {
    server.removeAllListeners('exit');
    const gone = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    await gone;
    await pool.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const dig = async (name: string, type: string): Promise<readonly string[]> => {
    const words = ['+noall', '+answer', '+norecurse', '@127.0.0.1', '-p', String(dnsPort), name, type];
    const { stdout } = await run('dig', words);
    const rows = stdout.split('\n').filter((line) => line !== '');
    return rows
      .map((row) => row.split(/\s+/))
      .map(([, ttl, , , ...data]) => `${data.join(' ')} ${ttl}`)
      .sort();
  };

  const apply = async (
    targets: readonly ReturnType<typeof target>[],
    more: object = {},
  ): Promise<readonly WriteResult[]> => {
    const given = { endpoint: `http://127.0.0.1:${webPort}`, api_key: KEY, ...more };
    const options = powerdns.options.parse(given);
    const sink = powerdns.create({ name: 'lab', options, keys: [] }, components());
    const call = callOf(pool.client);
    const actual =
      (await sink.read?.(
        targets.map(({ key }) => key),
        call,
      )) ?? [];
    const changes = plan(targets, actual);
    return changes.length === 0 ? [] : sink.write(changes, call);
  };
  const serial = async () => (await dig(ZONE, 'SOA'))[0]?.split(' ')[2];

  it('creates both families of a name, with their TTL, in one request', async () => {
    const both = [target(`new.${ZONE}`, '192.0.2.7', '192.0.2.8'), target(`new.${ZONE}`, '2001:db8::7')];
    const results = await apply(both.map((one) => ({ ...one, ttl: 60 })));
    expect(results).toMatchObject([{ kind: 'updated' }, { kind: 'updated' }]);
    expect(await dig(`new.${ZONE}`, 'A')).toEqual(['192.0.2.7 60', '192.0.2.8 60']);
    expect(await dig(`new.${ZONE}`, 'AAAA')).toEqual(['2001:db8::7 60']);
  });

  it('creates at the apex', async () => {
    expect(await apply([target(ZONE, '192.0.2.9')])).toMatchObject([{ kind: 'updated' }]);
    expect(await dig(ZONE, 'A')).toEqual(['192.0.2.9 300']);
    expect(await dig(ZONE, 'NS')).toHaveLength(1);
  });

  it('changes a set and nothing beside it, and secondaries would notice', async () => {
    const before = await serial();
    expect(await apply([target(`old.${ZONE}`, '198.51.100.7')])).toMatchObject([{ kind: 'updated' }]);
    expect(await dig(`old.${ZONE}`, 'A')).toEqual(['198.51.100.7 777']);
    expect(await dig(`old.${ZONE}`, 'AAAA')).toEqual(['2001:db8::1 888']);
    expect(await dig(`old.${ZONE}`, 'TXT')).toEqual(['"a neighbour" 999']);
    expect(await dig(`myold.${ZONE}`, 'A')).toEqual(['192.0.2.1 777']);
    expect(await serial()).not.toBe(before);
  });

  it('writes nothing when all is right', async () => {
    const before = await serial();
    expect(await apply([target(`myold.${ZONE}`, '192.0.2.1')])).toEqual([]);
    expect(await serial()).toBe(before);
  });

  it('removes a set, and keeps the record that is switched off', async () => {
    const patch = {
      name: `off.${ZONE}.`,
      type: 'A',
      ttl: 120,
      changetype: 'REPLACE',
      records: [
        { content: '192.0.2.1', disabled: true },
        { content: '192.0.2.2', disabled: false },
      ],
      comments: [{ content: 'mind this', account: 'somebody' }],
    };
    const zone = new URL(`http://127.0.0.1:${webPort}/api/v1/servers/localhost/zones/${ZONE}.`);
    const headers = { 'x-api-key': KEY, 'content-type': 'application/json' };
    const signal = AbortSignal.timeout(5_000);
    const body = JSON.stringify({ rrsets: [patch] });
    expect(await pool.client({ method: 'PATCH', url: zone, headers, body }, signal)).toMatchObject({
      status: 204,
    });
    const setOf = async () => {
      const answer = await pool.client({ method: 'GET', url: zone, headers }, signal);
      const { rrsets } = JSON.parse(answer.body) as { rrsets: { name: string }[] };
      return rrsets.find(({ name }) => name === `off.${ZONE}.`);
    };

    expect(await apply([target(`off.${ZONE}`, '192.0.2.3')])).toMatchObject([{ kind: 'updated' }]);
    expect(await dig(`off.${ZONE}`, 'A')).toEqual(['192.0.2.3 120']);
    expect(await setOf()).toMatchObject({
      comments: [{ content: 'mind this' }],
      records: expect.arrayContaining([
        { content: '192.0.2.1', disabled: true },
        { content: '192.0.2.3', disabled: false },
      ]),
    });

    expect(await apply([{ key: target(`off.${ZONE}`, '192.0.2.3').key, addresses: [] }])).toMatchObject([
      { kind: 'updated' },
    ]);
    expect(await dig(`off.${ZONE}`, 'A')).toEqual([]);
    expect(await setOf()).toMatchObject({ records: [{ content: '192.0.2.1', disabled: true }] });

    expect(await apply([{ key: target(`myold.${ZONE}`, '192.0.2.1').key, addresses: [] }])).toMatchObject([
      { kind: 'updated' },
    ]);
    expect(await dig(`myold.${ZONE}`, 'A')).toEqual([]);
  });

  it('finds out which change a batch is refused for, and gets the others through', async () => {
    const results = await apply([
      target(`one.${ZONE}`, '192.0.2.1'),
      target(`alias.${ZONE}`, '192.0.2.2'),
      target(`two.${ZONE}`, '192.0.2.3'),
    ]);
    const byName = new Map<string, WriteResult>(results.map((one) => [one.key.name, one]));
    expect(byName.get(`one.${ZONE}`)).toMatchObject({ kind: 'updated' });
    expect(byName.get(`two.${ZONE}`)).toMatchObject({ kind: 'updated' });
    expect(byName.get(`alias.${ZONE}`)).toMatchObject({
      kind: 'failed',
      failure: { class: 'refused', scope: 'record', message: expect.stringContaining('Conflicts') },
    });
    expect(await dig(`one.${ZONE}`, 'A')).toEqual(['192.0.2.1 300']);
    expect(await dig(`two.${ZONE}`, 'A')).toEqual(['192.0.2.3 300']);
  });

  it('takes a wrong key for what it is', async () => {
    await expect(
      apply([target(`old.${ZONE}`, '192.0.2.66')], { api_key: 'a-wrong-key' }),
    ).rejects.toMatchObject({
      failure: { class: 'credentials', scope: 'sink' },
    });
    expect(await dig(`old.${ZONE}`, 'A')).toEqual(['198.51.100.7 777']);
  });

  it('says that a zone is not there', async () => {
    await expect(apply([target('home.elsewhere.test', '192.0.2.1')])).rejects.toMatchObject({
      failure: { class: 'not_found' },
    });
  });

  it('says that a server is not there', async () => {
    await expect(apply([target(`old.${ZONE}`, '192.0.2.1')], { server: 'another' })).rejects.toMatchObject({
      failure: { class: 'not_found' },
    });
  });

  it('does not write into the copy of a zone', async () => {
    expect(await apply([target('home.copied.test', '192.0.2.1')])).toMatchObject([
      {
        kind: 'failed',
        failure: { class: 'refused', scope: 'record', message: expect.stringContaining('Slave') },
      },
    ]);
  });

  it('makes nothing with create: false', async () => {
    expect(await apply([target(`never.${ZONE}`, '192.0.2.1')], { create: false })).toMatchObject([
      { kind: 'failed', failure: { class: 'not_found', scope: 'record' } },
    ]);
    expect(await dig(`never.${ZONE}`, 'A')).toEqual([]);
  });
});
