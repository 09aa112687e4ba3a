import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import YAML from 'yaml';
import { EXIT } from '../../src/cli/exit.ts';
import { parseConfiguration } from '../../src/config/load.ts';
import { ERRORS } from '../../src/errors.ts';
import { providers } from '../../src/sinks/registry.ts';
import { detectorKinds } from '../../src/sources/addresses/registry.ts';
import { surroundings } from '../config/fakes.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const read = (name: string): string => readFileSync(path.join(ROOT, name), 'utf8');
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(path.join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const rows = (text: string): readonly (readonly string[])[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('| `') || /^\| \d/.test(line))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

describe('docs/errors.md', () => {
  test('lists the codes of src/errors.ts one for one, with their words', () => {
    const [table = ''] = read('docs/errors.md').split('## Failure classes');
    const placeholders: Record<string, readonly string[]> = {
      NETDRIFT_CONFIG_UNREADABLE: ['FILE', 'WHY'],
      NETDRIFT_CONFIG_INVALID: ['FILE', 'COUNT'],
      NETDRIFT_STATE_UNUSABLE: ['FOLDER', 'WHY'],
      NETDRIFT_ALREADY_RUNNING: ['FOLDER'],
      NETDRIFT_NOT_RUNNING: ['SOCKET'],
      NETDRIFT_NO_ANSWER: ['SOCKET', 'TIME'],
      NETDRIFT_SINK_START: ['SINK', 'WHY'],
    };
    const wanted = Object.entries(ERRORS).map(([code, { message, remedy, exit }]) => {
      const words = (message as (...details: readonly string[]) => string)(...(placeholders[code] ?? []));
      return [`\`${code}\``, String(exit), words, remedy];
    });
    expect(rows(table)).toEqual(wanted);
  });

  test('lists every failure class', () => {
    const [, table = ''] = read('docs/errors.md').split('## Failure classes');
    const source = read('src/model/outcome.ts');
    const classes = [...(/export type FailureClass =([^;]*);/.exec(source)?.[1] ?? '').matchAll(/'(\w+)'/g)];
    expect(rows(table).map(([name]) => name)).toEqual(classes.map(([, name]) => `\`${name}\``));
  });
});

describe('README.md', () => {
  const readme = read('README.md');

  test('begins with the two commands that do all set-up', () => {
    const [first] = readme.matchAll(/```sh\n([\s\S]*?)```/g);
    expect(first?.[1]).toBe('npm ci && npm start\nnpm ci && npm test\n');
    expect(readme.indexOf('```sh')).toBeLessThan(readme.indexOf('\n## '));
  });

  test('its configurations are right', () => {
    const blocks = [...`${readme}\n${read('docs/running.md')}`.matchAll(/```yaml\n([\s\S]*?)```/g)];
    expect(blocks.length).toBeGreaterThan(0);
    for (const [, text = ''] of blocks) {
      const secrets = [...text.matchAll(/file: (\/[\w/]+)/g)].map(([, file = '']) => file);
      const parsed = parseConfiguration(text, {
        ...surroundings,
        providers,
        detectors: detectorKinds,
        env: { CLOUDFLARE_API_TOKEN: 'a-token-of-some-length-0123456789abcdef' },
        files: new Map(secrets.map((file) => [file, { ok: true, text: 'a secret' }] as const)),
      });
      expect(parsed).toMatchObject({ ok: true });
    }
  });

  test('lists every command and every exit status of the program', () => {
    const names = [...read('src/cli/program.ts').matchAll(/\bcommand\('(\w+)'/g)].map(([, name]) => name);
    const listed = [...readme.matchAll(/^\| `netdrift (\w+)/gm)].map(([, name]) => name);
    expect(listed).toEqual(names);
    const statuses = [...readme.matchAll(/^\| (\d+) \|/gm)].map(([, status]) => Number(status));
    expect(statuses).toEqual(Object.values(EXIT));
  });

  // `npx vitest run test/cli -u` writes the list anew.
  test('lists every provider', async () => {
    const lines = [''];
    for (const name of providers.map((provider) => `\`${provider.name}\``).sort()) {
      const line = lines.at(-1) ?? '';
      if (line.length + name.length > 110) lines.push(name);
      else lines[lines.length - 1] = line === '' ? name : `${line}, ${name}`;
    }
    const section = `<!-- providers -->\n${lines.join(',\n')}.\n<!-- /providers -->`;
    const wanted = readme.replace(/<!-- providers -->[\s\S]*<!-- \/providers -->/, () => section);
    expect(wanted).toContain('`cloudflare`');
    await expect(wanted).toMatchFileSnapshot(path.join(ROOT, 'README.md'));
  });

  test('has figures, with their date, machine and the versions of the other clients', () => {
    const [, figures = ''] = /<!-- figures -->([\s\S]*)<!-- \/figures -->/.exec(readme) ?? [];
    expect(figures).toMatch(/Measured \d{4}-\d{2}-\d{2} on \d+ x .+, Node v\d+/);
    for (const client of ['netdrift', 'ddclient', 'inadyn'])
      expect(figures).toMatch(new RegExp(`${client} \\d`));
  });

  test('names the version of Node that the package asks for', () => {
    const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
    expect(readme).toContain(`Node ${engines.node.replace('>=', '')} or newer`);
  });
});

describe('the pages', () => {
  test.each(pages)('%s: its links lead somewhere', (page) => {
    for (const [, target = ''] of read(page).matchAll(/\]\((?!https?:)([^)#\s]+)[^)]*\)/g)) {
      expect(existsSync(path.join(ROOT, path.dirname(page), target)), target).toBe(true);
    }
  });

  test.each(pages)('%s: files it names exist', (page) => {
    const named = /`((?:src|test|docs|scripts|bench|packaging|schema|\.ci)\/[\w./-]+)`/g;
    for (const [, file = ''] of read(page).matchAll(named)) {
      // NAME in a path stands for what is being added.
      if (!file.includes('NAME')) expect(existsSync(path.join(ROOT, file)), file).toBe(true);
    }
  });

  test.each(pages)('%s: npm scripts it names exist', (page) => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    for (const [, name = ''] of read(page).matchAll(/npm run ([\w:]+)/g))
      expect(scripts).toHaveProperty([name]);
  });

  test.each(pages)('%s: speaks of commands that exist', (page) => {
    const names = [...read('src/cli/program.ts').matchAll(/\bcommand\('(\w+)'/g)].map(([, name]) => name);
    for (const [, name = ''] of read(page).matchAll(/`netdrift (\w+)/g)) expect(names).toContain(name);
  });

  test('YAML in the pages is YAML', () => {
    for (const page of pages) {
      for (const [, text = ''] of read(page).matchAll(/```yaml\n([\s\S]*?)```/g)) {
        expect(() => YAML.parse(text), page).not.toThrow();
      }
    }
  });

  test('the default configuration says where its manual is', () => {
    for (const [, name = ''] of read('config.yaml').matchAll(/(docs\/\w+\.md)/g)) {
      expect(existsSync(path.join(ROOT, name))).toBe(true);
    }
  });
});
