import { createServer, type Server } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { Secret } from '../../../src/config/secret.ts';
import {
  checkPlace,
  handshake,
  type PlaceInit,
  placeOf,
  placeOfUrl,
} from '../../../src/daemon/doctor/places.ts';
import { checkSinks, type SinksInit } from '../../../src/daemon/doctor/sinks.ts';
import { address } from '../../../src/model/address.ts';
import { fqdn } from '../../../src/model/name.ts';
import type { RecordKey } from '../../../src/model/record.ts';
import { type Provider, type Sink, SinkError, type Traits } from '../../../src/sinks/contract.ts';
import { volatileMemory } from '../../../src/state/sink-memory.ts';
import { silentLog } from '../../../src/telemetry/log.ts';
import { makeCertificate } from '../../fakes/certificate.ts';
import { sink as settingsOf } from '../../streams/support.ts';
import { handClock, WALL } from '../fixture.ts';

const clock = handClock();
const DAY = 86_400_000;
const place = (change: Partial<PlaceInit> = {}): PlaceInit => ({
  lookup: async () => ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4'],
  handshake: async () => ({ protocol: 'TLSv1.3', until: WALL + 60 * DAY }),
  clock,
  deadline: 1_000,
  ...change,
});
const codeError = (code: string) => Object.assign(new Error(code), { code });
const never = () => new Promise<never>(() => {});

describe('the place of a sink', () => {
  const words = async (change: Partial<PlaceInit>, tls = true) =>
    (await checkPlace({ host: 'api.example.org', port: 443, tls }, place(change))).map(
      ({ what, state, words: text }) => `${what} ${state}: ${text}`,
    );

  it('is good if the name resolves and the certificate is', async () => {
    expect(await words({})).toEqual([
      'name good: api.example.org is 192.0.2.1, 192.0.2.2, 192.0.2.3 and 1 more',
      'tls good: TLSv1.3, certificate until 2027-01-21',
    ]);
    expect(await words({ handshake: never }, false)).toHaveLength(1);
  });
  it('needs no name server where it is an address', async () => {
    const there = { host: '192.0.2.1', port: 443 };
    const init = place({ lookup: never });
    expect(await checkPlace({ ...there, tls: false }, init)).toEqual([]);
    expect((await checkPlace({ ...there, tls: true }, init)).map(({ what, state }) => [what, state])).toEqual(
      [['tls', 'good']],
    );
  });
  it('is bad with the reason if not', async () => {
    expect(await words({ lookup: () => Promise.reject(codeError('ENOTFOUND')) })).toEqual([
      'name bad: api.example.org does not resolve (ENOTFOUND)',
    ]);
    expect(await words({ lookup: never, deadline: 5 })).toEqual([
      'name bad: api.example.org did not resolve within 5ms',
    ]);
    expect((await words({ handshake: () => Promise.reject(codeError('CERT_HAS_EXPIRED')) }))[1]).toBe(
      'tls bad: no TLS connection (CERT_HAS_EXPIRED)',
    );
    expect((await words({ handshake: never, deadline: 5 }))[1]).toBe('tls bad: no TLS connection within 5ms');
    const soon = async () => ({ protocol: 'TLSv1.2', until: WALL + DAY });
    expect((await words({ handshake: soon }))[1]).toBe(
      'tls unknown: TLSv1.2, certificate until 2026-11-23: that is soon',
    );
  });

  it('is read from the options, host and port alone', () => {
    expect(placeOf({ server: new URL('https://me.example.org/path?token=hunter2') })).toEqual({
      host: 'me.example.org',
      port: 443,
      tls: true,
    });
    expect(placeOf({ server: { host: '192.0.2.53', port: 53 } })).toEqual({
      host: '192.0.2.53',
      port: 53,
      tls: false,
    });
    expect(placeOf({ url: new Secret('http://dns.example.org:8080/{name}?key=hunter2') })).toEqual({
      host: 'dns.example.org',
      port: 8080,
      tls: false,
    });
    expect(
      placeOf({ service: { url: 'https://{username}:{password}@members.example.org/nic/update' } }),
    ).toBeUndefined();
    expect(placeOf({ service: { url: 'https://members.example.org/{username}' }, account: {} })?.host).toBe(
      'members.example.org',
    );
    expect(placeOfUrl('https://[2001:db8::1]:8443/x')).toEqual({
      host: '2001:db8::1',
      port: 8443,
      tls: true,
    });
    for (const nothing of [undefined, null, {}, { url: '{server}/x' }, { url: 'ftp://a.example' }, 5]) {
      expect(placeOf(nothing)).toBeUndefined();
    }
  });
});

describe('the real handshake', () => {
  let server: Server | undefined;
  afterEach(() => new Promise<void>((done) => (server === undefined ? done() : server.close(() => done()))));

  it('refuses a certificate that nobody signed, and ends when told to', async () => {
    const listening = createServer(makeCertificate(['localhost']), (socket) => socket.on('error', () => {}));
    server = listening;
    await new Promise<void>((ready) => listening.listen(0, '127.0.0.1', ready));
    const { port } = listening.address() as { port: number };
    const there = { host: '127.0.0.1', port, tls: true };
    await expect(handshake(there, AbortSignal.timeout(5_000))).rejects.toMatchObject({
      code: expect.stringMatching(/SELF_SIGNED|UNABLE_TO|ALTNAME/),
    });
    await expect(handshake(there, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
    await expect(handshake({ ...there, port: 1 }, AbortSignal.timeout(5_000))).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
  });
});

const HOME: RecordKey = { name: fqdn('home.example.org'), type: 'A' };

function setUp(sink: Partial<Sink>, change: Partial<SinksInit> = {}, traits: Partial<Traits> = {}) {
  const written: unknown[] = [];
  const stopped: string[] = [];
  const whole: Sink = {
    write: async (changes) => {
      written.push(changes);
      return [];
    },
    stop: async () => void stopped.push('stopped'),
    ...sink,
  };
  const provider = {
    name: 'dyndns2',
    traits: { batch: 1, multiple: true, creates: true, families: 'separate', ...traits },
  } as Provider;
  const memory = volatileMemory(clock);
  const init: SinksInit = {
    providers: [provider],
    create: () => ({ sink: whole, memory }),
    http: () => async () => ({ status: 200, headers: {}, body: '' }),
    log: silentLog,
    resolve: async () => ['198.51.100.1'],
    place: place(),
    proxied: () => false,
    clock,
    deadline: 5_000,
    ...change,
  };
  return { init, written, stopped, memory };
}

const settings = (options: unknown = {}) => settingsOf({ records: [{ key: HOME, uplink: 'wan' }], options });
const short = (checks: readonly { what: string; state: string; words: string }[]) =>
  checks.map(({ what, state, words }) => `${what} ${state}: ${words}`);

describe('a sink', () => {
  it('that can be read is read, with name and TLS of where that went, and never written to', async () => {
    const { init, written, stopped } = setUp({
      read: async (keys, call) => {
        await call.http(
          { method: 'GET', url: new URL('https://api.example.org/records?token=hunter2') },
          call.signal,
        );
        await call.http({ method: 'GET', url: new URL('https://api.example.org/more') }, call.signal);
        return keys.map((key) => ({ key, content: '203.0.113.9' }));
      },
    });
    const [report] = await checkSinks([settings()], init);
    expect(short(report?.checks ?? [])).toEqual([
      'name good: api.example.org is 192.0.2.1, 192.0.2.2, 192.0.2.3 and 1 more',
      'tls good: TLSv1.3, certificate until 2027-01-21',
      'credentials good: accepted; 1 record(s) read',
    ]);
    expect(report?.records).toEqual([
      { record: 'home.example.org/A', published: ['203.0.113.9'], by: 'the provider' },
    ]);
    expect([written, stopped]).toEqual([[], ['stopped']]);
    expect(JSON.stringify(report)).not.toContain('hunter2');
  });

  it('that refuses the credentials says so in the words of the provider', async () => {
    const failure = {
      class: 'credentials',
      scope: 'sink',
      message: 'HTTP 401: login or key refused',
    } as const;
    const { init } = setUp({ read: () => Promise.reject(new SinkError(failure)) });
    const [report] = await checkSinks([settings({ server: { host: 'ns.example.org', port: 53 } })], init);
    expect(report?.checks.map(({ what, state, class: kind }) => [what, state, kind])).toEqual([
      ['name', 'good', undefined],
      ['credentials', 'bad', 'credentials'],
    ]);
    expect(report?.records).toEqual([{ record: 'home.example.org/A' }]);
  });

  it('that cannot be reached has a bad connection and no word about its credentials', async () => {
    const failure = { class: 'unreachable', scope: 'sink', message: 'no connection' } as const;
    const { init } = setUp({ read: () => Promise.reject(new SinkError(failure)) });
    const [report] = await checkSinks([settings()], init);
    expect(short(report?.checks ?? [])).toEqual(['connection bad: no connection']);
  });

  it('that hangs, or breaks, delays no other one and is told', async () => {
    const { init } = setUp({ read: never }, { deadline: 80 });
    const [hung] = await checkSinks([settings()], init);
    expect(short(hung?.checks ?? [])).toEqual(['connection bad: no answer within 40ms']);
    const broken = setUp({}, { create: () => Promise.reject as never });
    const [defect] = await checkSinks([settings()], broken.init);
    expect(defect?.checks[0]).toMatchObject({ what: 'defect', state: 'bad' });
  });

  it('that can only be written to is looked at from outside, and the DNS asked what came of it', async () => {
    const { init, written } = setUp({});
    const [report] = await checkSinks([settings({ server: new URL('https://members.example.org/x') })], init);
    expect(short(report?.checks ?? [])).toEqual([
      'name good: members.example.org is 192.0.2.1, 192.0.2.2, 192.0.2.3 and 1 more',
      'tls good: TLSv1.3, certificate until 2027-01-21',
      'credentials unknown: cannot be checked without a write',
    ]);
    expect(report?.records).toEqual([
      { record: 'home.example.org/A', published: ['198.51.100.1'], by: 'DNS' },
    ]);
    expect(written).toEqual([]);
  });

  it('behind a proxy is not connected to beside it', async () => {
    const { init } = setUp({}, { proxied: () => true, place: place({ lookup: never, handshake: never }) });
    const [report] = await checkSinks([settings({ server: new URL('https://members.example.org/x') })], init);
    expect(report?.checks.map(({ what }) => what)).toEqual(['credentials']);
  });

  it('within netdrift is asked where it listens', async () => {
    const asked: unknown[] = [];
    const resolve: SinksInit['resolve'] = async (key, server) => {
      asked.push([key.name, server?.host, server?.port]);
      return ['203.0.113.9'];
    };
    const { init } = setUp({ read: async () => [] }, { resolve }, { volatile: true });
    const options = { listen: [{ host: '0.0.0.0', port: 15_353 }] };
    const [report] = await checkSinks([settings(options)], init);
    expect(asked).toEqual([['home.example.org', '127.0.0.1', 15_353]]);
    expect(short(report?.checks ?? [])).toEqual(['server good: answers at 0.0.0.0:15353']);
    const silent = setUp({}, { resolve: () => Promise.reject(codeError('ETIMEOUT')) }, { volatile: true });
    const [dead] = await checkSinks([settings(options)], silent.init);
    expect(short(dead?.checks ?? [])).toEqual([
      'server unknown: does not answer at 0.0.0.0:15353: netdrift does not run',
    ]);
  });

  it('tells what is held, until when nobody but the operator can help', async () => {
    const { init, memory } = setUp({});
    const failure = { class: 'refused', scope: 'sink', message: 'abuse' } as const;
    await memory.settle([{ key: HOME, addresses: [address('192.0.2.1')], kind: 'failed', failure }]);
    const [report] = await checkSinks([settings()], init);
    expect(report?.checks.at(-1)).toEqual({
      what: 'held',
      state: 'bad',
      words: 'not tried any more: abuse',
      class: 'refused',
    });
  });
});
