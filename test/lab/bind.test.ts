import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/config/secret.ts';
import { address } from '../../src/model/address.ts';
import type { RecordType } from '../../src/model/family.ts';
import { fqdn } from '../../src/model/name.ts';
import type { RecordKey } from '../../src/model/record.ts';
import { TSIG_ALGORITHMS, type TsigAlgorithm } from '../../src/net/dns/tsig.ts';
import type { Call, Change, Sink } from '../../src/sinks/contract.ts';
import { createEmbedded } from '../../src/sinks/embedded/index.ts';
import { embeddedOptions } from '../../src/sinks/embedded/options.ts';
import { createRfc2136 } from '../../src/sinks/rfc2136/index.ts';
import type { Rfc2136Options } from '../../src/sinks/rfc2136/options.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import { required } from './support/needs.ts';

const missing = ['named', 'dig'].filter((program) => spawnSync('which', [program]).status !== 0);
const why = required(missing.length === 0 ? undefined : `needs ${missing.join(', ')}`);
const title = why === undefined ? 'BIND 9' : `BIND 9 [skipped: ${why}]`;
const run = promisify(execFile);

const secretOf = (algorithm: string): string =>
  Buffer.from(`the secret for ${algorithm}, long enough`).toString('base64');

function configuration(folder: string, port: number): string {
  const keys = TSIG_ALGORITHMS.map(
    (algorithm) => `key "${algorithm}.key" { algorithm ${algorithm}; secret "${secretOf(algorithm)}"; };`,
  );
  const grants = TSIG_ALGORITHMS.map(
    (algorithm) => `grant ${algorithm}.key wildcard *.home.example.test A AAAA;`,
  );
  return `
    options {
      directory "${folder}"; managed-keys-directory "${folder}/keys";
      pid-file none; session-keyfile none; lock-file none;
      listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; };
      recursion no; dnssec-validation no; notify no;
    };
    controls { };
    ${keys.join('\n')}
    zone "example.test" { type primary; file "${folder}/example.test.zone"; update-policy { ${grants.join(' ')} }; };
    zone "open.test" { type primary; file "${folder}/open.test.zone"; allow-update { 127.0.0.1; }; };
  `;
}

const zoneText = (name: string, records: string): string =>
  `$ORIGIN ${name}.\n$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n${records}\n`;

const RECORDS = `
old.home 777 A 192.0.2.1
old.home 888 AAAA 2001:db8::1
old.home 999 TXT "a neighbour"
alias.home CNAME old.home
*.wild.home 555 A 192.0.2.50
`;

/** A port that is free for UDP and TCP, as the embedded server finds one. */
async function freePort(): Promise<number> {
  const options = embeddedOptions.parse({ listen: '127.0.0.1:0' });
  const probe = createEmbedded({ name: 'probe', options, keys: [] }, { clock, log: silentLog });
  await probe.start();
  const port = probe.endpoints[0]?.port ?? 0;
  await probe.stop();
  return port;
}

const call: Call = {
  signal: new AbortController().signal,
  log: silentLog,
  http: () => Promise.reject(new Error('no HTTP here')),
};

const clock = { monotonic: () => performance.now(), boot: () => performance.now(), wall: () => Date.now() };

const key = (name: string, type: RecordType = 'A'): RecordKey => ({ name: fqdn(name), type });

async function changesFor(
  sink: Sink,
  ...targets: readonly (readonly [RecordKey, ...string[]])[]
): Promise<readonly Change[]> {
  const actual =
    (await sink.read?.(
      targets.map(([target]) => target),
      call,
    )) ?? [];
  return targets.map(([target, ...addresses]) => ({
    target: { key: target, addresses: addresses.map(address) },
    actual: actual.filter((record) => record.key.name === target.name && record.key.type === target.type),
    edits: [],
  }));
}

describe.skipIf(missing.length > 0)(title, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'netdrift-bind-'));
  let named: ChildProcess;
  let port = 0;
  let said = '';

  beforeAll(async () => {
    port = await freePort();
    mkdirSync(path.join(folder, 'keys'));
    writeFileSync(path.join(folder, 'named.conf'), configuration(folder, port));
    writeFileSync(path.join(folder, 'example.test.zone'), zoneText('example.test', RECORDS));
    writeFileSync(path.join(folder, 'open.test.zone'), zoneText('open.test', ''));
    named = spawn('named', ['-f', '-g', '-n', '1', '-c', path.join(folder, 'named.conf')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await new Promise<void>((resolve, reject) => {
      named.on('exit', (status) => reject(new Error(`named ended with ${status}: ${said}`)));
      named.stderr?.on('data', (chunk) => {
        said += chunk;
        if (/ running\n/.test(said)) resolve();
      });
    });
  });

  afterAll(async () => {
    named.removeAllListeners('exit');
    const gone = new Promise((resolve) => named.once('exit', resolve));
    named.kill('SIGTERM');
    await gone;
    rmSync(folder, { recursive: true, force: true });
  });

  const dig = async (name: string, type: string): Promise<readonly string[]> => {
    const words = ['+noall', '+answer', '+norecurse', '@127.0.0.1', '-p', String(port), name, type];
    const { stdout } = await run('dig', words);
    const rows = stdout.split('\n').filter((line) => line !== '');
    return rows
      .map((row) => row.split(/\s+/))
      .map(([, ttl, , , ...data]) => `${data.join(' ')} ${ttl}`)
      .sort();
  };

  const sinkFor = (algorithm: TsigAlgorithm = 'hmac-sha256', options: Partial<Rfc2136Options> = {}): Sink => {
    const full: Rfc2136Options = {
      server: { host: '127.0.0.1', port },
      zone: undefined,
      key: { name: fqdn(`${algorithm}.key`), algorithm, secret: new Secret(secretOf(algorithm)) },
      ttl: 60,
      verify: true,
      transport: 'auto',
      ...options,
    };
    return createRfc2136({ name: 'bind', options: full, keys: [] }, { clock, randomBytes });
  };

  it.each(TSIG_ALGORITHMS)('takes an update signed with %s and serves it', async (algorithm) => {
    const sink = sinkFor(algorithm);
    const name = `${algorithm}.home.example.test`;
    const changes = await changesFor(
      sink,
      [key(name), '192.0.2.7', '192.0.2.8'],
      [key(name, 'AAAA'), '2001:db8::7'],
    );
    expect((await sink.write(changes, call)).map(({ kind }) => kind)).toEqual(['updated', 'updated']);
    expect(await dig(name, 'A')).toEqual(['192.0.2.7 60', '192.0.2.8 60']);
    expect(await dig(name, 'AAAA')).toEqual(['2001:db8::7 60']);
    expect((await sink.read?.([key(name)], call))?.map(({ content }) => content).sort()).toEqual([
      '192.0.2.7',
      '192.0.2.8',
    ]);
    const removal = await changesFor(sink, [key(name)]);
    expect(await sink.write(removal, call)).toMatchObject([{ kind: 'updated' }]);
    expect(await dig(name, 'A')).toEqual([]);
  });

  it('keeps TTL, the other family and neighbours', async () => {
    const sink = sinkFor();
    await sink.write(await changesFor(sink, [key('old.home.example.test'), '192.0.2.9']), call);
    expect(await dig('old.home.example.test', 'A')).toEqual(['192.0.2.9 777']);
    expect(await dig('old.home.example.test', 'AAAA')).toEqual(['2001:db8::1 888']);
    expect(await dig('old.home.example.test', 'TXT')).toEqual(['"a neighbour" 999']);
  });

  it('takes one long atomic update over TCP', async () => {
    const sink = sinkFor('hmac-sha512');
    const names = Array.from({ length: 200 }, (_, index) => key(`host-${index}.home.example.test`));
    const changes = await changesFor(sink, ...names.map((name) => [name, '192.0.2.3'] as const));
    const results = await sink.write(changes, call);
    expect(results.filter(({ kind }) => kind === 'updated')).toHaveLength(200);
    expect(await dig('host-199.home.example.test', 'A')).toEqual(['192.0.2.3 60']);
  });

  it('takes an update over TCP when told to', async () => {
    const sink = sinkFor('hmac-sha256', { transport: 'tcp', zone: fqdn('example.test') });
    const changes = await changesFor(sink, [key('tcp.home.example.test'), '192.0.2.4']);
    expect(await sink.write(changes, call)).toMatchObject([{ kind: 'updated' }]);
  });

  it('lets a stale update fail as a conflict, without touching anything', async () => {
    const sink = sinkFor();
    const target = key('stale.home.example.test');
    const stale = await changesFor(sink, [target, '192.0.2.10']);
    await sink.write(await changesFor(sink, [target, '192.0.2.99']), call);
    expect(await sink.write(stale, call)).toMatchObject([{ kind: 'failed', failure: { class: 'conflict' } }]);
    const older = await changesFor(sink, [target, '192.0.2.11']);
    await sink.write(await changesFor(sink, [target, '192.0.2.98']), call);
    expect(await sink.write(older, call)).toMatchObject([{ kind: 'failed', failure: { class: 'conflict' } }]);
    expect(await dig('stale.home.example.test', 'A')).toEqual(['192.0.2.98 60']);
  });

  it('gets a record under a wildcard that hid it', async () => {
    const sink = sinkFor();
    const target = key('one.wild.home.example.test');
    const changes = await changesFor(sink, [target, '192.0.2.51']);
    expect(changes[0]?.actual).toMatchObject([{ content: '192.0.2.50' }]);
    expect(await sink.write(changes, call)).toMatchObject([{ kind: 'updated' }]);
    expect(await dig('one.wild.home.example.test', 'A')).toEqual(['192.0.2.51 555']);
    expect(await dig('two.wild.home.example.test', 'A')).toEqual(['192.0.2.50 555']);
  });

  it('is not asked to put an address beside an alias', async () => {
    const sink = sinkFor();
    const changes = await changesFor(sink, [key('alias.home.example.test'), '192.0.2.1']);
    expect(await sink.write(changes, call)).toMatchObject([
      { kind: 'failed', failure: { class: 'invalid' } },
    ]);
  });

  it('does not say that it has put an address beside an alias, although nothing is read', async () => {
    const sink = sinkFor('hmac-sha256', { verify: false });
    const changes = await changesFor(
      sink,
      [key('alias.home.example.test'), '192.0.2.1'],
      [key('blind.home.example.test'), '192.0.2.1'],
    );
    expect(await sink.write(changes, call)).toMatchObject([
      { kind: 'failed', failure: { class: 'invalid', scope: 'record', message: /is an alias/ } },
      { kind: 'updated' },
    ]);
    expect(await dig('alias.home.example.test', 'CNAME')).toEqual(['old.home.example.test. 60']);
    expect(await dig('blind.home.example.test', 'A')).toEqual(['192.0.2.1 60']);
  });

  it('refuses a name outside the policy, while the others of the same call are written', async () => {
    const sink = sinkFor();
    const changes = await changesFor(
      sink,
      [key('forbidden.example.test'), '192.0.2.1'],
      [key('allowed.home.example.test'), '192.0.2.1'],
    );
    expect(await sink.write(changes, call)).toMatchObject([
      { kind: 'failed', failure: { class: 'credentials', scope: 'record', message: /REFUSED/ } },
      { kind: 'updated' },
    ]);
    expect(await dig('forbidden.example.test', 'A')).toEqual([]);
    expect(await dig('allowed.home.example.test', 'A')).toEqual(['192.0.2.1 60']);
  });

  it('does not know a wrong secret, a wrong name or a wrong time', async () => {
    const right = { name: fqdn('hmac-sha256.key'), algorithm: 'hmac-sha256' } as const;
    const write = (sink: Sink) =>
      sink.write(
        [{ target: { key: key('x.home.example.test'), addresses: [] }, actual: [], edits: [] }],
        call,
      );
    const wrongSecret = sinkFor('hmac-sha256', {
      key: { ...right, secret: new Secret('d3Jvbmc=') },
      zone: fqdn('example.test'),
    });
    expect(await write(wrongSecret)).toMatchObject([
      { failure: { class: 'credentials', message: /BADSIG/ } },
    ]);
    const wrongName = sinkFor('hmac-sha256', {
      key: { ...right, name: fqdn('no.key'), secret: new Secret(secretOf('hmac-sha256')) },
      zone: fqdn('example.test'),
    });
    expect(await write(wrongName)).toMatchObject([{ failure: { class: 'credentials', message: /BADKEY/ } }]);

    const options: Rfc2136Options = {
      server: { host: '127.0.0.1', port },
      zone: fqdn('example.test'),
      key: { ...right, secret: new Secret(secretOf('hmac-sha256')) },
      ttl: 60,
      verify: false,
      transport: 'auto',
    };
    const slow = { ...clock, wall: () => Date.now() - 3_600_000 };
    const early = createRfc2136({ name: 'bind', options, keys: [] }, { clock: slow, randomBytes });
    const [result] = await write(early);
    expect(result).toMatchObject({
      failure: { class: 'transient', message: expect.stringMatching(/(1h|59m5\ds).* ahead/) },
    });
  });

  it('is not authoritative for another zone, and lets this host update an open zone without a key', async () => {
    const foreign = sinkFor('hmac-sha256', { zone: fqdn('foreign.test'), verify: false });
    const changes = await changesFor(foreign, [key('a.foreign.test'), '192.0.2.1']);
    expect(await foreign.write(changes, call)).toMatchObject([
      { failure: { class: 'not_found', message: /NOTAUTH/ } },
    ]);
    const keyless = sinkFor('hmac-sha256', { key: undefined });
    const own = await changesFor(keyless, [key('a.open.test'), '192.0.2.1']);
    expect(await keyless.write(own, call)).toMatchObject([{ kind: 'updated' }]);
    expect(await dig('a.open.test', 'A')).toEqual(['192.0.2.1 60']);
  });

  it('has a client, dig, that finds nothing to complain about in the embedded server', async () => {
    const options = embeddedOptions.parse({ listen: '127.0.0.1:0' });
    const keys = [key('home.test'), key('home.test', 'AAAA'), key('a.b.home.test')];
    const sink = createEmbedded({ name: 'local', options, keys }, { clock, log: silentLog });
    await sink.start();
    try {
      const here = sink.endpoints[0]?.port ?? 0;
      await sink.write(
        [{ target: { key: key('home.test'), addresses: [address('192.0.2.1')] }, actual: [], edits: [] }],
        call,
      );
      const full = async (...words: readonly string[]): Promise<string> =>
        (await run('dig', ['@127.0.0.1', '-p', String(here), '+time=2', '+tries=1', '+norecurse', ...words]))
          .stdout;
      for (const words of [
        [],
        ['+tcp'],
        ['+noedns'],
        ['+nocookie'],
        ['+bufsize=512'],
        ['+dnssec'],
        ['+nsid'],
      ]) {
        const answer = await full(...words, 'hOMe.TEst', 'A');
        expect(answer).toMatch(/status: NOERROR/);
        expect(answer).toMatch(/flags: qr aa;/);
        expect(answer).toMatch(/^hOMe\.TEst\.\s+5\s+IN\s+A\s+192\.0\.2\.1$/m);
        expect(answer).not.toMatch(/WARNING|malformed|Warning|extra bytes/);
      }
      expect(await full('home.test', 'NS')).toMatch(/^home\.test\.\s+5\s+IN\s+NS\s+home\.test\.$/m);
      expect(await full('none.home.test', 'A')).toMatch(
        /status: NXDOMAIN[\s\S]*SOA\s+home\.test\. hostmaster\.home\.test\./,
      );
      expect(await full('b.home.test', 'A')).toMatch(/status: NOERROR[\s\S]*AUTHORITY: 1/);
      expect(await full('a.b.home.test', 'A')).toMatch(/EDE: 14 \(Not Ready\)/);
      expect(await full('example.org', 'A')).toMatch(/status: REFUSED[\s\S]*EDE: 20 \(Not Authoritative\)/);
      expect(await full('+edns=1', '+noednsneg', 'home.test', 'A')).toMatch(/status: BADVERS/);
      expect(await full('+opcode=NOTIFY', 'home.test', 'SOA')).toMatch(/status: NOTIMP/);
      expect(await full('+header-only')).toMatch(/status: FORMERR/);
      expect(await full('home.test', 'AXFR')).toMatch(/Transfer failed/);
      expect(await full('+notcp', 'home.test', 'ANY')).toMatch(/ANSWER: 1,/);
    } finally {
      await sink.stop();
    }
  });
});
