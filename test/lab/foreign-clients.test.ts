import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { keyText } from '../../src/model/record.ts';
import { answerDyndns2 } from '../fakes/dyndns2.ts';
import { type FakeHttpServer, startHttpServer } from '../fakes/http-server.ts';
import { RecordStore } from '../fakes/records.ts';
import { describeLab } from './support/needs.ts';

// Two programs that real dyndns2 servers know well must find in our fake what they expect; else the fake would prove our own mistakes.

const LIMIT = 30_000;
const V4 = '198.51.100.7';
const V6 = '2001:db8::7';
const HOME = 'home.example.org';

interface Update {
  readonly name: string;
  readonly address: string;
  readonly password: string;
}

interface Foreign {
  readonly program: string;
  /** Other programs that its runs need. */
  readonly needs: readonly string[];
  /** Writes its configuration into the folder; gives the command of one run, which updates even what it believes to be right. */
  readonly prepare: (folder: string, server: URL, update: Update) => readonly string[];
  /** Addresses it can send, one a run. The dyndns2 of ddclient 3.10 sends an empty one in place of IPv6. */
  readonly addresses: readonly string[];
  /** What it says of each answer. */
  readonly says: {
    readonly good: (address: string) => RegExp;
    readonly nochg: RegExp;
    readonly badauth: RegExp;
    readonly nohost: RegExp;
  };
}

const ddclient: Foreign = {
  program: 'ddclient',
  needs: [],
  addresses: [V4],
  prepare: (folder, server, { name, address, password }) => {
    const file = path.join(folder, 'ddclient.conf');
    const lines = [
      'daemon=0',
      'ssl=no',
      'use=no',
      'usev4=ipv4',
      `ipv4=${address}`,
      'protocol=dyndns2',
      `server=${server.host}`,
      'login=alice',
      `password=${password}`,
      name,
      '',
    ];
    writeFileSync(file, lines.join('\n'), { mode: 0o600 });
    const places = ['-cache', path.join(folder, 'cache'), '-pid', path.join(folder, 'pid')];
    return ['ddclient', '-daemon=0', '-verbose', '-noquiet', '-force', '-file', file, ...places];
  },
  says: {
    good: (address) =>
      new RegExp(`SUCCESS: +updating home\\.example\\.org: good: IP address set to ${address}`),
    nochg: /WARNING: +updating home\.example\.org: nochg/,
    badauth: /FAILED: .*badauth/,
    nohost: /FAILED: .*nohost/,
  },
};

// inadyn's own handler of dyndns2 knows one server, on port 80. A mount namespace with other hosts sends it to ours.
const DYN = '127.0.80.80';
const inadyn: Foreign = {
  program: 'inadyn',
  needs: ['unshare', 'mount'],
  addresses: [V4, V6],
  prepare: (folder, _server, { name, address, password }) => {
    const file = path.join(folder, 'inadyn.conf');
    const hosts = path.join(folder, 'hosts');
    const lines = [
      'allow-ipv6 = true',
      'provider dyndns.org {',
      '  ssl = false',
      '  username = alice',
      `  password = ${password}`,
      `  hostname = ${name}`,
      `  checkip-command = "/bin/echo ${address}"`,
      '}',
      '',
    ];
    writeFileSync(file, lines.join('\n'), { mode: 0o600 });
    writeFileSync(hosts, `${DYN} members.dyndns.org\n`);
    const run = [
      'inadyn',
      '-1',
      '-n',
      '--force',
      '--no-pidfile',
      `--cache-dir=${path.join(folder, 'cache')}`,
    ];
    const words = [...run, '-f', file, '-l', 'debug'];
    return ['unshare', '-m', 'sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', hosts, ...words];
  },
  says: {
    good: (address) =>
      new RegExp(`Successful alias table update for home\\.example\\.org => new IP# ${address}`),
    nochg: /nochg 198\.51\.100\.7\s+inadyn\[\d+\]: Successful alias table update/,
    badauth: /Error code 50: Authentication failure/,
    nohost: /Fatal error in DDNS server response:\s+inadyn\[\d+\]: \[200 OK\] nohost/,
  },
};

/** Passes what comes to the address of Dyn on to the fake. */
async function relay(server: URL): Promise<() => Promise<void>> {
  const listener = net.createServer((socket) => {
    const onward = net.connect(Number(server.port), server.hostname);
    socket.on('error', () => onward.destroy()).pipe(onward);
    onward.on('error', () => socket.destroy()).pipe(socket);
  });
  await new Promise<void>((resolve, reject) => listener.once('error', reject).listen(80, DYN, resolve));
  return () => new Promise((resolve) => void listener.close(() => resolve()));
}

for (const foreign of [ddclient, inadyn]) {
  describeLab(`${foreign.program} and our fake dyndns2 server`, [foreign.program, ...foreign.needs], () => {
    let folder: string;
    let server: FakeHttpServer;
    let store: RecordStore;
    let closeRelay: (() => Promise<void>) | undefined;
    beforeEach(async () => {
      folder = mkdtempSync(path.join(tmpdir(), 'netdrift-foreign-'));
      store = new RecordStore();
      const account = { username: 'alice', password: 'hunter22', hosts: [HOME, 'www.example.org'] };
      server = await startHttpServer({ respond: (request) => answerDyndns2(request, store, account) });
      closeRelay = foreign === inadyn ? await relay(server.url) : undefined;
    });
    afterEach(async () => {
      await closeRelay?.();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    });

    /** One run of the program; ended by its pid if it does not end by itself. */
    const run = (update: Partial<Update> = {}): Promise<string> => {
      const whole = { name: HOME, address: V4, password: 'hunter22', ...update };
      const [program = '', ...words] = foreign.prepare(folder, server.url, whole);
      const env = { ...process.env, http_proxy: '' };
      return new Promise((resolve) => {
        const options = { env, timeout: LIMIT, killSignal: 'SIGKILL' } as const;
        execFile(program, words, options, (_error, out, err) => resolve(out + err));
      });
    };
    const held = () => store.records.map(({ key, content }) => `${keyText(key)} ${content}`);

    it.each(foreign.addresses)(
      'takes its answer for a success, and the record is there: %s',
      async (address) => {
        expect(await run({ address })).toMatch(foreign.says.good(address));
        expect(held()).toEqual([`${HOME}/${address.includes(':') ? 'AAAA' : 'A'} ${address}`]);
        expect(server.requests.map(({ url }) => url.searchParams.get('myip'))).toEqual([address]);
      },
    );

    if (foreign.addresses.length > 1)
      it('sets one family after the other, and both stay', async () => {
        for (const address of foreign.addresses) await run({ address });
        expect(held().toSorted()).toEqual([`${HOME}/A ${V4}`, `${HOME}/AAAA ${V6}`]);
      });

    it('is told that nothing was to be done, and sees that', async () => {
      expect(await run()).not.toMatch(foreign.says.nochg);
      expect(await run()).toMatch(foreign.says.nochg);
      expect(server.requests).toHaveLength(2);
      expect(held()).toEqual([`${HOME}/A ${V4}`]);
    });

    it('is refused with a wrong password, and sees that', async () => {
      const said = await run({ password: 'wrong-password' });
      expect(said).toMatch(foreign.says.badauth);
      expect(said).not.toMatch(foreign.says.good(V4));
      expect(held()).toEqual([]);
    });

    it('is told of a host that is not there, and sees that', async () => {
      expect(await run({ name: 'other.example.org' })).toMatch(foreign.says.nohost);
      expect(held()).toEqual([]);
    });

    if (foreign === ddclient)
      it('reads one line a name, in order', async () => {
        const said = await run({ name: 'home.example.org,other.example.org,www.example.org' });
        expect(server.requests).toHaveLength(1);
        expect(held()).toEqual([`home.example.org/A ${V4}`, `www.example.org/A ${V4}`]);
        expect(said).toMatch(/SUCCESS: +updating home\.example\.org/);
        expect(said).toMatch(/FAILED: +updating other\.example\.org: nohost/);
        expect(said).toMatch(/SUCCESS: +updating www\.example\.org/);
      });
  });
}
