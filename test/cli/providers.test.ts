import { afterEach, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { runCommandLine } from '../../src/cli/program.ts';
import type { Problem } from '../../src/config/problems.ts';
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
    expect(out).toMatch(/^zoneedit +IPv4, IPv6 +one a family +1 +no +no +10m +-$/m);
    expect(out).toMatch(/^cloudflare +IPv4, IPv6 .* yes +yes +- +60 to 86400, or 1$/m);
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

/** Keys of a certain form (PEM, JSON) cannot be stood in for by a word. */
const isNoStandIn = ({ severity, message }: Problem): boolean =>
  severity === 'error' && !/secret|key/i.test(message);

describe.each(providers.map((provider) => [provider.name, provider] as const))('%s', (name, provider) => {
  it('has an example that a configuration takes as it stands', () => {
    const text = snippetOf(describeProvider(provider)).replaceAll(
      /\{ *(?:env|file|credential): *[^}]*\}/g,
      'c2VjcmV0LXdvcmQtc2VjcmV0',
    );
    expect(parse(text)).toMatchObject({ sinks: { [`my-${name}`]: { provider: name } } });
    // The usual uplink has both families: a snippet for one of them must say so.
    expect(problemsOf(text, { providers, detectors: detectorKinds }).filter(isNoStandIn)).toEqual([]);
  });

  it('shows every note of it', async () => {
    const { out } = await run(name);
    for (const note of provider.notes ?? []) expect(out).toContain(`Note: ${note}\n`);
  });

  it('says whether it can be read', () => {
    expect(describeProvider(provider).reads, 'set traits.reads').toBeTypeOf('boolean');
  });
});
