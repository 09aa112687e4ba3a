import { describe, expect, it } from 'vitest';
import { allProviders, providersFor } from '../../src/sinks/catalogue.ts';

describe('the catalogue', () => {
  it('lists each provider under its own name, once', async () => {
    const all = await allProviders();
    const names = all.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) {
      const [found] = (await providersFor([name])).filter((provider) => provider.name === name);
      expect(found).toBe(all.find((provider) => provider.name === name));
    }
  });
  it('loads no more than is named', async () => {
    expect((await providersFor(['cloudflare', 'embedded', 'cloudflare'])).map(({ name }) => name)).toEqual([
      'cloudflare',
      'embedded',
    ]);
    expect(await providersFor([])).toEqual([]);
  });
  it('brings all of them for a name that is none, so that one can be suggested', async () => {
    expect(await providersFor(['cloudfare'])).toHaveLength((await allProviders()).length);
  });
});
