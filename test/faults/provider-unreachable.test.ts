import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeLab } from '../lab/support/needs.ts';
import { type Authority, createAuthority } from './support/certificates.ts';
import { Provider } from './support/provider.ts';
import { Resolver } from './support/resolver.ts';
import { PASSWORD, Scene, sink } from './support/scene.ts';

const authorityAt = (scene: Scene, name: string): Promise<Authority> => {
  const folder = path.join(scene.folder, name);
  mkdirSync(folder);
  return createAuthority(folder);
};

const told = (scene: Scene, name: string) =>
  scene.netdrift.line(
    (line) => line['sink'] === name && ['write_failed', 'write_unclear'].includes(line.event),
    {
      timeout: 10_000,
    },
  );

describeLab('a provider whose certificate is not right', ['openssl'], () => {
  const CASES = {
    expired: /no TLS connection \(CERT_HAS_EXPIRED\)/,
    'wrong-name': /no TLS connection \(ERR_TLS_CERT_ALTNAME_INVALID\)/,
    'unknown-authority':
      /no TLS connection \((?:UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT_LOCALLY)\)/,
  };
  let scene: Scene;
  let known: Authority;
  const providers = new Map<string, Provider>();

  beforeAll(async () => {
    scene = await Scene.open();
    known = await authorityAt(scene, 'known');
    const unknown = await authorityAt(scene, 'unknown');
    const certificates = {
      expired: await known.issue('localhost', -1),
      'wrong-name': await known.issue('elsewhere.example.net'),
      'unknown-authority': await unknown.issue('localhost'),
      right: await known.issue('localhost'),
    };
    for (const [name, tls] of Object.entries(certificates))
      providers.set(name, await Provider.start({ tls }));
    scene.address('198.51.100.1');
    const sinks = Object.fromEntries(
      [...providers].map(([name, made]) => [name, sink(made, { insecure_http: false })]),
    );
    // What some guides advise has no effect: there is no switch, only an authority to add.
    const env = { NODE_EXTRA_CA_CERTS: known.file, NODE_TLS_REJECT_UNAUTHORIZED: '0' };
    scene.start(scene.config(sinks), { env });
  });

  afterAll(async () => {
    await scene?.close();
    await Promise.all([...providers.values()].map((made) => made.close()));
  });

  test.each(Object.entries(CASES))('%s: told, and not a word is sent', async (name, words) => {
    const line = await told(scene, name);
    expect(line['message']).toMatch(words);
    expect(line['reason']).toBe('unreachable');
    expect(providers.get(name)?.exchanges.items).toEqual([]);
  });

  test('an authority that was added counts', async () => {
    const right = providers.get('right');
    if (right !== undefined) await scene.judged(right);
  });

  test.each(Object.keys(CASES))('%s: published when it is mended', async (name) => {
    const provider = providers.get(name);
    if (provider === undefined) throw new Error('missing');
    expect(provider.exchanges.items).toEqual([]);
    await provider.refuse();
    provider.certify(await known.issue('localhost'));
    await provider.listen();
    await scene.judged(provider);
    expect(provider.exchanges.items).toHaveLength(1);
  });
});

describeLab('a resolver in trouble', ['openssl', 'unshare'], () => {
  const CASES = {
    SERVFAIL: /the name could not be resolved \((?:EAI_AGAIN|ESERVFAIL)\)/,
    NXDOMAIN: /the name could not be resolved \(ENOTFOUND\)/,
    garbage: /no answer within 2s|deadline passed while connecting|could not be resolved/,
    silence: /deadline passed while connecting/,
    lies: /no TLS connection \(ERR_TLS_CERT_ALTNAME_INVALID\)/,
  };
  const hostOf = (name: string): string => `${name.toLowerCase()}.provider.test`;
  const LIAR = '127.0.0.66';
  let scene: Scene;
  let resolver: Resolver;
  let impostor: Provider;
  const providers = new Map<string, Provider>();

  beforeAll(async () => {
    scene = await Scene.open();
    resolver = await Resolver.start(scene.folder);
    const authority = await authorityAt(scene, 'authority');
    const names = [...Object.keys(CASES), 'right'];
    for (const name of names) {
      providers.set(name, await Provider.start({ tls: await authority.issue(hostOf(name)) }));
    }
    providers.set('number', await Provider.start());
    // A whole provider with a certificate that is valid, for its own name.
    const port = providers.get('lies')?.port ?? 0;
    impostor = await Provider.start({
      tls: await authority.issue('impostor.example.net'),
      address: LIAR,
      port,
    });
    for (const said of ['SERVFAIL', 'NXDOMAIN', 'garbage', 'silence'] as const)
      resolver.names.set(hostOf(said), said);
    resolver.names.set(hostOf('lies'), { address: LIAR });
    resolver.names.set(hostOf('right'), { address: '127.0.0.1' });
    // More names without an answer than there are threads that wait for one.
    const silent = Array.from({ length: 6 }, (_, index) => `silent-${index}`);
    for (const name of silent) resolver.names.set(hostOf(name), 'silence');
    scene.address('198.51.100.1');
    const sinks = Object.fromEntries([
      ...silent.map((name) => [name, sink(`https://${hostOf(name)}`)]),
      ...[...providers].map(([name, { port: at, url }]) => [
        name,
        sink(name === 'number' ? url : `https://${hostOf(name)}:${at}`),
      ]),
    ]);
    scene.start(scene.config(sinks), {
      env: { NODE_EXTRA_CA_CERTS: authority.file },
      wrapper: resolver.wrapper,
    });
    await scene.netdrift.line({ event: 'started' });
  });

  afterAll(async () => {
    await scene?.close();
    resolver?.close();
    await Promise.all([impostor, ...providers.values()].map((made) => made?.close()));
  });

  test('a provider that needs no name is served at once all the same', async () => {
    const line = await scene.netdrift.line({ event: 'record_updated', sink: 'number' });
    expect(Number(line['duration'])).toBeLessThan(1_500);
  });

  test.each(Object.entries(CASES))('%s: told', async (name, words) => {
    const line = await told(scene, name);
    expect(line['message']).toMatch(words);
    expect(providers.get(name)?.exchanges.items).toEqual([]);
  });

  test('a provider whose name is known is served', async () => {
    const right = providers.get('right');
    if (right !== undefined) await scene.judged(right);
  });

  test('whoever stands where the lie leads is told nothing', () => {
    expect(impostor.connections).toBe(0);
    expect(impostor.exchanges.items).toEqual([]);
  });

  describe('when it answers again', () => {
    beforeAll(() => {
      for (const name of Object.keys(CASES)) resolver.names.set(hostOf(name), { address: '127.0.0.1' });
    });

    test.each(Object.keys(CASES))('%s: published', async (name) => {
      const provider = providers.get(name);
      if (provider === undefined) throw new Error('missing');
      await scene.judged(provider, { timeout: 15_000 });
      expect(provider.exchanges.items).toHaveLength(1);
    });

    test('the password is in no line', () => {
      expect(scene.netdrift.process.output()).not.toContain(PASSWORD);
    });
  });
});
