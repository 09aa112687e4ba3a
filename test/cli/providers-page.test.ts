import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { providersPage } from '../../scripts/providers-page.ts';
import { providers } from '../../src/sinks/registry.ts';

describe('docs/providers/README.md', () => {
  it('is what the code says (npm run providers)', () => {
    const file = new URL('../../docs/providers/README.md', import.meta.url);
    expect(readFileSync(file, 'utf8')).toBe(providersPage(providers));
  });

  it('says of each provider what its documentation leaves open', () => {
    const page = providersPage(providers);
    const noted = providers.filter(({ notes = [] }) => notes.length > 0);
    expect(noted.length).toBeGreaterThan(17);
    for (const { name, notes = [] } of noted) {
      const [, section = ''] = page.split(`\n## ${name}\n`);
      for (const note of notes) expect(section.split('\n## ')[0]).toContain(note);
    }
  });

  it('has a section for each provider, with its keys', () => {
    const page = providersPage(providers);
    for (const { name } of providers) expect(page).toContain(`\n## ${name}\n`);
    expect(page).toContain('- `token` (required): Token or key.');
    expect(page).toContain('- `other_family`: ');
  });
});
