import { afterEach, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { runCommandLine } from '../../src/cli/program.ts';
import { describeProvider, snippetOf } from '../../src/sinks/describe.ts';
import { providers } from '../../src/sinks/registry.ts';
import { detectorKinds } from '../../src/sources/addresses/registry.ts';
import { problemsOf } from '../config/fakes.ts';

async function run(...words: readonly string[]) {
  let out = '';
  let err = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += String(text);
    return true;
  });
  const status = await runCommandLine(['providers', ...words]);
  return { status, out, err };
}
afterEach(() => {
  vi.restoreAllMocks();
});

describe('netdrift providers', () => {
  it('lists all of them with what each can do', async () => {
    const { status, out } = await run();
    expect(status).toBe(0);
    for (const { name } of providers) expect(out).toMatch(new RegExp(`^${name} `, 'm'));
    expect(out).toMatch(/^zoneedit +IPv4, IPv6 +one a family +any +no +no +10m$/m);
    expect(out).toMatch(/^cloudflare +IPv4, IPv6 .* yes +yes +-$/m);
    expect(out).toMatch(/^selfhost +IPv4 +one family/m);
  });

  it('lists them as JSON', async () => {
    const { out } = await run('--json');
    const list: unknown = JSON.parse(out);
    expect(list).toHaveLength(providers.length);
    expect(list).toContainEqual(
      expect.objectContaining({ name: 'duckdns', reads: false, families: ['ipv4', 'ipv6'] }),
    );
  });

  it('shows one with a ready piece of configuration and where to get the credentials', async () => {
    const { status, out } = await run('duckdns');
    expect(status).toBe(0);
    expect(out).toContain(
      '    provider: duckdns\n    token: { env: DUCKDNS_TOKEN }\n    records: [home.example.org]\n',
    );
    expect(out).toMatch(/^Credentials: duckdns\.org/m);
    expect(JSON.parse((await run('duckdns', '--json')).out)).toMatchObject({ name: 'duckdns' });
  });

  it('suggests the near one for one that is not there', async () => {
    const { status, out, err } = await run('duckdsn');
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toContain('no provider "duckdsn"; did you mean duckdns?');
    expect((await run('nothing-like-it')).status).toBe(2);
  });
});

describe.each(providers.map((provider) => [provider.name, provider] as const))('%s', (name, provider) => {
  it('has an example that a configuration takes as it stands', () => {
    const text = snippetOf(provider).replaceAll(
      /\{ *(?:env|file|credential): *[^}]*\}/g,
      'c2VjcmV0LXdvcmQtc2VjcmV0',
    );
    expect(parse(text)).toMatchObject({ sinks: { [`my-${name}`]: { provider: name } } });
    const told = problemsOf(text, { providers, detectors: detectorKinds }).filter(
      ({ severity, message }) => severity === 'error' && !/secret|key/i.test(message),
    );
    expect(told).toEqual([]);
  });

  it('says whether it can be read', () => {
    expect(describeProvider(provider).reads, 'set traits.reads').toBeTypeOf('boolean');
  });
});
