import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '../..');
const SRC = path.join(ROOT, 'src');

interface Import {
  readonly file: string;
  readonly target: string;
  /** Nothing of it is left at run time. */
  readonly typesOnly: boolean;
}

const STATEMENT =
  /^(?:import|export)( type)?\s+([^;'"]*?)\s*from\s+'([^']+)'|^import\s+'([^']+)'|import\('([^']+)'\)/gm;

const isTypesOnly = (keyword: string | undefined, names: string | undefined): boolean => {
  if (keyword !== undefined) return true;
  const inner = /^\{([^}]*)\}$/s.exec(names ?? '')?.[1];
  return inner?.split(',').every((name) => name.trim() === '' || name.trim().startsWith('type ')) === true;
};

function importsOf(file: string): readonly Import[] {
  const text = readFileSync(path.join(SRC, file), 'utf8');
  return [...text.matchAll(STATEMENT)].map(([, keyword, names, from, bare, dynamic]): Import => {
    const target = from ?? bare ?? dynamic ?? '';
    const typesOnly = from !== undefined && isTypesOnly(keyword, names);
    return {
      file,
      target: target.startsWith('.') ? path.join(path.dirname(file), target) : target,
      typesOnly,
    };
  });
}

/** The first folder, or the file itself without its ending. */
const roomOf = (file: string): string =>
  (file.includes(path.sep) ? file.split(path.sep)[0] : file.replace(/\.ts$/, '')) ?? '';

/** The table of docs/architecture.md: what each room may import. */
function rules(): ReadonlyMap<
  string,
  { readonly all: readonly string[]; readonly types: readonly string[] }
> {
  const text = readFileSync(path.join(ROOT, 'docs/architecture.md'), 'utf8');
  const section = /<!-- imports -->(.*)<!-- \/imports -->/s.exec(text)?.[1] ?? '';
  const words = (cell = ''): readonly string[] =>
    [...cell.matchAll(/`(\w+)`/g)].map((match) => match[1] ?? '');
  return new Map(
    section
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) => line.split('|').slice(1))
      .map(([room, all, types]) => [words(room)[0] ?? '', { all: words(all), types: words(types) }]),
  );
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const imports = files.flatMap(importsOf);
const inside = imports.filter(({ target }) => target.endsWith('.ts') && !target.startsWith('node:'));

test('every room is in the table, and the table names no other', () => {
  expect([...rules().keys()].sort()).toEqual([...new Set(files.map(roomOf))].sort());
});

test('imports between rooms run the way the table says', () => {
  const table = rules();
  const wrong = inside.filter(({ file, target, typesOnly }) => {
    const [from, to] = [roomOf(file), roomOf(target)];
    const rule = table.get(from);
    return (
      from !== to && rule?.all.includes(to) !== true && !(typesOnly && rule?.types.includes(to) === true)
    );
  });
  expect(wrong).toEqual([]);
  expect(inside.length).toBeGreaterThan(300);
});

test('the table allows no circle at run time', () => {
  const table = rules();
  const order: string[] = [];
  const visit = (room: string, above: readonly string[]): void => {
    expect(above, 'a circle of rooms').not.toContain(room);
    if (order.includes(room)) return;
    for (const below of table.get(room)?.all ?? []) visit(below, [...above, room]);
    order.push(room);
  };
  for (const room of table.keys()) visit(room, []);
});

test('upward types come from the contracts', () => {
  const upward = inside.filter(
    ({ file, target }) => roomOf(file) === 'config' && ['sources', 'sinks'].includes(roomOf(target)),
  );
  expect(new Set(upward.map(({ target }) => target.split(path.sep).join('/')))).toEqual(
    new Set(['sources/contract.ts', 'sinks/contract.ts']),
  );
});

test('model and streams use nothing of Node, and streams no package but rxjs', () => {
  const foreign = imports.filter(
    ({ file, target, typesOnly }) =>
      ['model', 'streams'].includes(roomOf(file)) && !typesOnly && !target.endsWith('.ts'),
  );
  expect(new Set(foreign.map(({ file, target }) => `${roomOf(file)} ${target}`))).toEqual(
    new Set(['model ipaddr.js', 'streams rxjs']),
  );
});

test('operators that read the wall clock are used nowhere', () => {
  const used = files.filter((file) =>
    /\b(?:debounceTime|timeInterval|timestamp|shareReplay)\s*\(/.test(
      readFileSync(path.join(SRC, file), 'utf8'),
    ),
  );
  expect(used).toEqual([]);
});

test('only cli and daemon end the process or print', () => {
  const wrong = files.filter(
    (file) =>
      !['cli', 'daemon'].includes(roomOf(file)) &&
      /^(?!\s*(?:\/\/|\*|\/\*)).*(?:process\.exit\(|process\.std(?:out|err)\.write|console\.\w+\()/m.test(
        readFileSync(path.join(SRC, file), 'utf8'),
      ),
  );
  expect(wrong).toEqual([]);
});
