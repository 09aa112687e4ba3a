import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keyText } from '../../src/model/record.ts';
import { answerDyndns2 } from '../fakes/dyndns2.ts';
import { type FakeHttpServer, startHttpServer } from '../fakes/http-server.ts';
import { RecordStore } from '../fakes/records.ts';
import { required } from './support/needs.ts';

// Two programs that real dyndns2 servers know well must find in our fake what they expect; else the fake would prove our own mistakes.

const LIMIT = 30_000;
const V4 = '198.51.100.7';

interface Foreign {
  readonly program: string;
  /** Writes its configuration into the folder; gives the arguments of one run. */
  readonly prepare: (
    folder: string,
    at: { readonly host: string; readonly password: string; readonly name: string },
  ) => readonly string[];
  /** What it says on success, and on each refusal. */
  readonly good: RegExp;
  readonly says: Readonly<Record<'badauth' | 'nohost', RegExp>>;
}

const ddclient: Foreign = {
  program: 'ddclient',
  prepare: (folder, { host, password, name }) => {
    const file = path.join(folder, 'ddclient.conf');
    const lines = [
      'daemon=0',
      'ssl=no',
      'use=no',
      'usev4=ipv4',
      `ipv4=${V4}`,
      'protocol=dyndns2',
      `server=${host}`,
      'login=alice',
      `password=${password}`,
      name,
      '',
    ];
    writeFileSync(file, lines.join('\n'), { mode: 0o600 });
    const places = ['-cache', path.join(folder, 'cache'), '-pid', path.join(folder, 'pid')];
    return ['-daemon=0', '-verbose', '-noquiet', '-file', file, ...places];
  },
  good: /SUCCESS: +updating home\.example\.org: good: IP address set to 198\.51\.100\.7/,
  says: { badauth: /FAILED: .*badauth/, nohost: /FAILED: .*nohost/ },
};

const inadyn: Foreign = {
  program: 'inadyn',
  prepare: (folder, { host, password, name }) => {
    const file = path.join(folder, 'inadyn.conf');
    const lines = [
      'custom fake {',
      '  ssl = false',
      '  username = alice',
      `  password = ${password}`,
      `  hostname = ${name}`,
      `  checkip-command = "/bin/echo ${V4}"`,
      `  ddns-server = "${host}"`,
      '  ddns-path = "/nic/update?hostname=%h&myip=%i"',
      '  ddns-response = { "good", "nochg" }',
      '}',
      '',
    ];
    writeFileSync(file, lines.join('\n'), { mode: 0o600 });
    return [
      '-1',
      '-n',
      '--force',
      '--no-pidfile',
      `--cache-dir=${path.join(folder, 'cache')}`,
      '-f',
      file,
      '-l',
      'debug',
    ];
  },
  good: /Successful alias table update for home\.example\.org => new IP# 198\.51\.100\.7/,
  says: { badauth: /badauth/, nohost: /nohost/ },
};

const has = (program: string): boolean =>
  required(spawnSync('which', [program]).status === 0 ? undefined : `needs ${program}`) === undefined;

describe.each([ddclient, inadyn])('$program and our fake dyndns2 server', (foreign) => {
  let folder: string;
  let server: FakeHttpServer;
  let store: RecordStore;
  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'netdrift-foreign-'));
    store = new RecordStore();
    const account = {
      username: 'alice',
      password: 'hunter22',
      hosts: ['home.example.org', 'www.example.org'],
    };
    server = await startHttpServer({ respond: (request) => answerDyndns2(request, store, account) });
  });
  afterEach(async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** One run of the program; ended by its pid if it does not end by itself. */
  const run = (name: string, password = 'hunter22'): Promise<string> => {
    const words = foreign.prepare(folder, { host: server.url.host, password, name });
    // Debian keeps inadyn in /usr/sbin, which not every PATH has.
    const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin`, http_proxy: '' };
    return new Promise((resolve) => {
      execFile(
        foreign.program,
        [...words],
        { env, timeout: LIMIT, killSignal: 'SIGKILL' },
        (_error, out, err) => resolve(out + err),
      );
    });
  };
  const held = () => store.records.map(({ key, content }) => `${keyText(key)} ${content}`);

  it.runIf(has(foreign.program))('takes its answer for a success, and the record is there', async () => {
    expect(await run('home.example.org')).toMatch(foreign.good);
    expect(held()).toEqual([`home.example.org/A ${V4}`]);
    expect(server.requests).toHaveLength(1);
  });

  it.runIf(has(foreign.program))('is refused with a wrong password, and sees that', async () => {
    const said = await run('home.example.org', 'wrong-password');
    expect(said).toMatch(foreign.says.badauth);
    expect(said).not.toMatch(foreign.good);
    expect(held()).toEqual([]);
  });

  it.runIf(has(foreign.program))('is told of a host that is not there, and sees that', async () => {
    const said = await run('other.example.org');
    expect(said).toMatch(foreign.says.nohost);
    expect(held()).toEqual([]);
  });

  it.runIf(has('ddclient') && foreign === ddclient)('reads one line a name, in order', async () => {
    const said = await run('home.example.org,other.example.org,www.example.org');
    expect(server.requests).toHaveLength(1);
    expect(held()).toEqual([`home.example.org/A ${V4}`, `www.example.org/A ${V4}`]);
    expect(said).toMatch(/SUCCESS: +updating home\.example\.org/);
    expect(said).toMatch(/FAILED: +updating other\.example\.org: nohost/);
    expect(said).toMatch(/SUCCESS: +updating www\.example\.org/);
  });
});
