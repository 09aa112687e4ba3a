import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { address, type IpAddress } from '../../src/model/address.ts';
import { fqdn } from '../../src/model/name.ts';
import type { ActualRecord, RecordKey, Target } from '../../src/model/record.ts';
import { plan } from '../../src/sinks/plan.ts';

const a: RecordKey = { name: fqdn('home.example.org'), type: 'A' };
const aaaa: RecordKey = { name: fqdn('home.example.org'), type: 'AAAA' };
const target = (key: RecordKey, ...texts: readonly string[]): Target => ({
  key,
  addresses: texts.map(address),
});
const record = (id: string, key: RecordKey, content: string): ActualRecord => ({ id, key, content });
const edits = (...args: Parameters<typeof plan>) =>
  plan(...args).flatMap((change) =>
    change.edits.map((edit) => {
      if (edit.kind === 'create') return `create ${edit.address}`;
      if (edit.kind === 'update') return `update ${edit.record.id} to ${edit.address}`;
      return `delete ${edit.record.id}`;
    }),
  );

describe('plan', () => {
  it('creates what is missing', () => {
    expect(edits([target(a, '192.0.2.1')], [])).toEqual(['create 192.0.2.1']);
  });
  it('changes nothing that is right', () => {
    expect(plan([target(a, '192.0.2.1')], [record('1', a, '192.0.2.1')])).toEqual([]);
  });
  it('recycles a stale record instead of replacing it', () => {
    expect(edits([target(a, '192.0.2.2')], [record('1', a, '192.0.2.1')])).toEqual(['update 1 to 192.0.2.2']);
  });
  it('knows the same IPv6 address in another spelling', () => {
    expect(plan([target(aaaa, '2001:db8::1')], [record('1', aaaa, '2001:0DB8:0:0:0:0:0:1')])).toEqual([]);
  });
  it('deletes what is left over, doubles too', () => {
    const found = [record('1', a, '192.0.2.1'), record('2', a, '192.0.2.1'), record('3', a, '192.0.2.9')];
    expect(edits([target(a, '192.0.2.1')], found)).toEqual(['delete 2', 'delete 3']);
  });
  it('deletes all when nothing is wanted', () => {
    expect(edits([target(a)], [record('1', a, '192.0.2.1')])).toEqual(['delete 1']);
    expect(plan([target(a)], [])).toEqual([]);
  });
  it('does not look at the other family nor at neighbours', () => {
    const other = { name: fqdn('www.example.org'), type: 'A' } as const;
    expect(
      edits([target(a, '192.0.2.2')], [record('1', aaaa, '2001:db8::1'), record('2', other, '192.0.2.9')]),
    ).toEqual(['create 192.0.2.2']);
  });

  it.each<[string, Partial<ActualRecord>, number | undefined, boolean, readonly string[]]>([
    ['another TTL than the one asked for', { ttl: 300 }, 60, true, ['update 1 to 192.0.2.1']],
    ['the TTL of its zone', { inheritsTtl: true }, 60, true, ['update 1 to 192.0.2.1']],
    ['the TTL of its zone, and nobody asks about it', { inheritsTtl: true }, undefined, true, []],
    ['the TTL of its zone, not minded any more', { inheritsTtl: true }, 60, false, []],
    ['a TTL nobody asks about', { ttl: 300 }, undefined, true, []],
    ['a TTL that is not told', {}, 60, true, []],
    ['a TTL that is not minded any more', { ttl: 300 }, 60, false, []],
    ['something missing beside it', { unfinished: true }, undefined, true, ['update 1 to 192.0.2.1']],
  ])('a right address with %s', (_, more, ttl, minds, expected) => {
    const wanted = { ...target(a, '192.0.2.1'), ...(ttl !== undefined && { ttl }) };
    const found = [{ ...record('1', a, '192.0.2.1'), ...more }];
    expect(edits([wanted], found, () => minds)).toEqual(expected);
  });

  it('carried out, leaves exactly the wanted addresses and touches nothing else', () => {
    const addresses = fc.uniqueArray(
      fc.integer({ min: 1, max: 9 }).map((n) => address(`192.0.2.${n}`)),
      { maxLength: 5 },
    );
    const contents = fc.array(
      fc.integer({ min: 1, max: 9 }).map((n) => `192.0.2.${n}`),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(addresses, contents, contents, (wanted, mine, others) => {
        const found = [
          ...mine.map((content, index) => record(`m${index}`, a, content)),
          ...others.map((content, index) =>
            record(`o${index}`, { ...a, name: fqdn('other.example.org') }, content),
          ),
        ];
        const after = carryOut(plan([{ key: a, addresses: wanted }], found), found);
        const own = after.filter(({ key }) => key.name === a.name).map(({ content }) => content as IpAddress);
        expect([...own].sort()).toEqual([...wanted].sort());
        expect(after.filter(({ key }) => key.name !== a.name)).toEqual(
          found.filter(({ key }) => key.name !== a.name),
        );
        expect(plan([{ key: a, addresses: wanted }], after)).toEqual([]);
      }),
    );
  });
});

function carryOut(changes: ReturnType<typeof plan>, found: readonly ActualRecord[]): readonly ActualRecord[] {
  let records = [...found];
  for (const { edits: list, target: wanted } of changes) {
    for (const edit of list) {
      if (edit.kind === 'create') records.push(record(`new ${edit.address}`, wanted.key, edit.address));
      else if (edit.kind === 'delete') records = records.filter(({ id }) => id !== edit.record.id);
      else
        records = records.map((one) => (one.id === edit.record.id ? { ...one, content: edit.address } : one));
    }
  }
  return records;
}
