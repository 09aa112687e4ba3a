import type { LookupAddress } from 'node:dns';
import { describe, expect, test } from 'vitest';
import { createLookup } from '../../src/net/lookup.ts';

const LOCAL: readonly LookupAddress[] = [
  { address: '192.0.2.1', family: 4 },
  { address: '2001:db8::1', family: 6 },
];
const never = (): Promise<readonly LookupAddress[]> => new Promise(() => {});

/** Names that begin with `silent` are never answered by the system. */
function lookupWith(asked: string[], direct: () => Promise<readonly LookupAddress[]>) {
  const lookup = createLookup({
    system: (name, family) => {
      asked.push(`system ${name} ${family}`);
      return name.startsWith('silent') ? never() : Promise.resolve(LOCAL);
    },
    direct: (name, family) => {
      asked.push(`direct ${name} ${family}`);
      return direct();
    },
  });
  return (name: string, options: { readonly all?: boolean; readonly family?: number }) =>
    new Promise((resolve, reject) => {
      lookup(name, options, (error, address, family) =>
        error === null ? resolve(options.all === true ? address : [address, family]) : reject(error),
      );
    });
}

describe('looking up names', () => {
  test('the system is asked, in both shapes that net.connect wants', async () => {
    const asked: string[] = [];
    const look = lookupWith(asked, never);
    expect(await look('a.test', { all: true })).toEqual(LOCAL);
    expect(await look('b.test', { family: 6 })).toEqual(['192.0.2.1', 4]);
    expect(asked).toEqual(['system a.test 0', 'system b.test 6']);
  });

  test('an address is its own answer: it waits for nobody, and nobody is asked', async () => {
    const asked: string[] = [];
    const look = lookupWith(asked, never);
    void look('silent-1.test', {});
    void look('silent-2.test', {});
    expect(await look('192.0.2.7', {})).toEqual(['192.0.2.7', 4]);
    expect(await look('2001:db8::7', { family: 6, all: true })).toEqual([
      { address: '2001:db8::7', family: 6 },
    ]);
    expect(asked.filter((line) => !line.includes('silent'))).toEqual([]);
  });

  test('many names at once wait for each other', async () => {
    const asked: string[] = [];
    const look = lookupWith(asked, never);
    await Promise.all(Array.from({ length: 20 }, (_, index) => look(`${index}.test`, { all: true })));
    expect(asked.filter((line) => line.startsWith('system'))).toHaveLength(20);
  });

  test('names without an answer take two threads at most, and others are found without one', async () => {
    const asked: string[] = [];
    const look = lookupWith(asked, () => Promise.resolve([{ address: '192.0.2.2', family: 4 }]));
    void look('silent-1.test', {});
    void look('silent-2.test', {});
    expect(await look('silent-3.test', { all: true })).toEqual([{ address: '192.0.2.2', family: 4 }]);
    expect(await look('right.test', {})).toEqual(['192.0.2.2', 4]);
    expect(asked).toEqual([
      'system silent-1.test 0',
      'system silent-2.test 0',
      'direct silent-3.test 0',
      'direct right.test 0',
    ]);
  });

  test('an error of either way is passed on', async () => {
    const failing = createLookup({
      system: () => Promise.reject(Object.assign(new Error('none'), { code: 'ENOTFOUND' })),
      direct: never,
    });
    const error = await new Promise((resolve) => failing('a.test', {}, resolve));
    expect(error).toMatchObject({ code: 'ENOTFOUND' });
    const asked: string[] = [];
    const look = lookupWith(asked, () =>
      Promise.reject(Object.assign(new Error('no'), { code: 'ESERVFAIL' })),
    );
    void look('silent-1.test', {});
    void look('silent-2.test', {});
    await expect(look('third.test', {})).rejects.toMatchObject({ code: 'ESERVFAIL' });
  });
});
