import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { keyText } from '../../../src/model/record.ts';
import type { HttpPool } from '../../../src/net/http-client.ts';
import { providers } from '../../../src/sinks/registry.ts';
import { rowProviders } from '../../../src/sinks/table/providers.ts';
import { readService } from '../../../src/sinks/table/row.ts';
import { problemsOf } from '../../config/fakes.ts';
import { type FakeHttpServer, startHttpServer } from '../../fakes/http-server.ts';
import { httpPool, target } from '../../fakes/sink-call.ts';
import { mappingFor, nameFor, rowNamed, V4, V6, writeTo } from './support.ts';

let server: FakeHttpServer;
let pool: HttpPool;
beforeAll(() => {
  pool = httpPool();
});
beforeEach(async () => {
  server = await startHttpServer();
  return () => server.close();
});
afterAll(() => pool.close());

const write = (name: string, ...targets: Parameters<typeof writeTo>[3]) => {
  const provider = rowNamed(name);
  return writeTo(provider, mappingFor(provider, server.url), pool.client, targets);
};

describe('faults of other clients', () => {
  it.each(['dyn', 'variomedia'])('ddns-updater %s: nochg is an error', async (name) => {
    server.next({ body: `nochg ${V4}` });
    const both = [target('home.example.org', V4), target('home.example.org', V6)];
    expect(await write(name, ...both)).toMatchObject([{ kind: 'unchanged' }, { kind: 'unchanged' }]);
  });

  it('openwrt dyn.com: an update of one family removes the other', async () => {
    await write('dyn', target('home.example.org', V4));
    expect(server.requests).toEqual([]);
    server.next({ body: 'good' });
    await write('dyn', target('home.example.org', V4), target('home.example.org', V6));
    expect(server.requests[0]?.url.searchParams.get('myip')).toBe(`${V4},${V6}`);
  });

  it('ddns-updater strato: a refused login is never recognised', async () => {
    server.next({ body: 'badauth' });
    expect(await write('strato', target('home.example.org', V4))).toMatchObject([
      { failure: { class: 'credentials', scope: 'sink' } },
    ]);
  });

  it('OPNsense dyndns2: any 2xx is a success', async () => {
    for (const provider of rowProviders) {
      const { row } = provider;
      if (readService(row).answer.read === 'status') continue;
      for (const status of [200, 201, 202]) {
        server.next({ status, body: 'badauth' });
        const families =
          row.service.other_family === 'both' ? [V4, V6] : [row.name === 'freedns-ipv6' ? V6 : V4];
        const results = await write(
          row.name,
          ...families.map((address) => target(nameFor(provider), address)),
        );
        expect(
          results.every(({ kind }) => kind === 'failed'),
          `${row.name} ${status}`,
        ).toBe(true);
      }
    }
  });

  it('OPNsense dyndns2: only the first word of an answer for many names is looked at', async () => {
    server.next({ body: 'good\nnohost\ngood' });
    const results = await write(
      'noip',
      ...['a', 'b', 'c'].map((label) => target(`${label}.example.org`, V4)),
    );
    expect(results.map(({ kind }) => kind)).toEqual(['updated', 'failed', 'updated']);
  });

  it('ddns-go: one failing domain ends the rest of the list', async () => {
    server.respond(({ url }) => ({
      body: url.searchParams.get('hostname') === 'b.example.org' ? 'nohost' : 'good',
    }));
    const results = await write(
      'strato',
      ...['a', 'b', 'c'].map((label) => target(`${label}.example.org`, V4)),
    );
    expect(results.map(({ kind }) => kind)).toEqual(['updated', 'failed', 'updated']);
  });

  it('ddns-go: an unknown provider silently becomes another one', () => {
    const text = 'sinks:\n  s: { provider: no-ipp, records: [a.example.org] }\n';
    const problems = problemsOf(text, { providers }).map(({ message, remedy }) => `${message} | ${remedy}`);
    expect(problems.join('\n')).toMatch(/is no known provider; did you mean noip/);
  });

  it('ddns-go baiducloud, vercel: A and AAAA of one name overwrite each other', async () => {
    server.respond(({ url }) => ({ body: `good ${url.searchParams.get('myip')}` }));
    const results = await write('he', target('home.example.org', V4), target('home.example.org', V6));
    expect(results.map(({ key, kind }) => `${keyText(key)} ${kind}`)).toEqual([
      'home.example.org/A updated',
      'home.example.org/AAAA updated',
    ]);
    expect(server.requests.map(({ url }) => url.searchParams.get('myip'))).toEqual([V4, V6]);
  });

  it('ddclient: an update of one family sends the other again', async () => {
    server.next({ body: 'good' });
    await write('dynv6', target('home.dynv6.net', V6));
    expect(server.requests[0]?.url.searchParams.get('ipv4')).toBeNull();
    expect(server.requests[0]?.url.searchParams.get('ipv6')).toBe(V6);
  });

  it('opnsense: deSEC removes the family that is left out', async () => {
    server.next({ body: 'good' });
    await write('desec-dyndns', target('home.example.org', V6));
    expect(server.requests[0]?.url.searchParams.get('myipv4')).toBe('preserve');
  });

  it('inadyn: an empty address is sent', async () => {
    for (const provider of rowProviders.filter(({ row }) => row.service.clear === undefined)) {
      await write(provider.name, target(nameFor(provider)));
    }
    expect(server.requests).toEqual([]);
  });

  it('inadyn: a word anywhere in the body is a success', async () => {
    for (const body of ['not good', 'nobody is OK here', '<p>good</p>', 'error: no good host']) {
      for (const name of ['noip', 'duckdns', 'easydns', 'ddnss', 'goip']) {
        const provider = rowNamed(name);
        server.next({ body });
        expect(await write(name, target(nameFor(provider), V4)), `${name} ${body}`).toMatchObject([
          { kind: 'failed' },
        ]);
      }
    }
  });

  it('inadyn mydns: an answer is never a success', () => {
    for (const { row } of rowProviders) {
      const { answer, statuses } = readService(row);
      const meanings = [...answer.words.map(({ meaning }) => meaning), ...statuses.values()];
      expect(
        meanings.some(({ kind }) => kind === 'updated'),
        row.name,
      ).toBe(true);
    }
  });

  it('inadyn: plain http carries the password', () => {
    for (const { row } of rowProviders) {
      for (const url of [row.service.url, row.service.ipv6_url ?? row.service.url])
        expect(url).toMatch(/^https:/);
    }
  });

  it('NewFuture DDNS: TLS that cannot be verified is used all the same', () => {
    // No row and no option turns verification off: the only concession is to speak without TLS, said in so many words.
    for (const { row, options, example } of rowProviders) {
      const mapping = { ...parse(example.replaceAll(/\{ env: \w+ \}/g, 'secret-word')), provider: undefined };
      expect(options.safeParse({ ...mapping, insecure_tls: true }).success, row.name).toBe(false);
    }
  });
});
