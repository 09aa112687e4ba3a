import { describe, expect, test } from 'vitest';
import { confirmedAddresses } from '../../src/daemon/confirmed.ts';
import { address } from '../../src/model/address.ts';
import { fqdn } from '../../src/model/name.ts';
import { keyText, type RecordKey } from '../../src/model/record.ts';
import type { RecordSettings } from '../../src/model/settings.ts';
import { sink } from '../streams/support.ts';

const record = (
  name: string,
  type: RecordKey['type'],
  uplink: string,
  more: Partial<RecordSettings> = {},
): RecordSettings => ({ key: { name: fqdn(name), type }, uplink, ...more });

const sinks = [
  sink({
    name: 'one',
    records: [
      record('dsl.example.org', 'A', 'dsl'),
      record('dsl.example.org', 'AAAA', 'dsl'),
      record('lte.example.org', 'A', 'lte'),
      record('nas.example.org', 'AAAA', 'dsl', { host: { suffix: address('::2') } }),
    ],
  }),
  sink({
    name: 'two',
    records: [record('home.example.org', 'A', 'active'), record('all.example.org', 'A', 'all:dsl')],
  }),
];

const held: Readonly<Record<string, readonly string[]>> = {
  'dsl.example.org/A': ['8.8.8.8'],
  'dsl.example.org/AAAA': ['2a00:1450::1'],
  'nas.example.org/AAAA': ['2a00:1450::2'],
  'lte.example.org/A': ['9.9.9.9'],
  'home.example.org/A': ['8.8.8.8'],
  'all.example.org/A': ['8.8.1.1', '9.9.1.1'],
};
const memory = { confirmed: (key: RecordKey) => held[keyText(key)]?.map(address) };

describe('confirmedAddresses', () => {
  const confirmed = confirmedAddresses(sinks, () => memory);

  test('are those of records that may hold an address of the uplink, each once', () => {
    expect(confirmed('dsl', 'ipv4')).toEqual(['8.8.8.8', '8.8.1.1', '9.9.1.1']);
    expect(confirmed('lte', 'ipv4')).toEqual(['9.9.9.9', '8.8.8.8']);
  });

  test('are of the family asked about, and never those of other hosts', () => {
    expect(confirmed('dsl', 'ipv6')).toEqual(['2a00:1450::1']);
    expect(confirmed('lte', 'ipv6')).toEqual([]);
  });

  test('are none where nothing was confirmed or nothing is remembered', () => {
    expect(confirmedAddresses(sinks, () => undefined)('dsl', 'ipv4')).toEqual([]);
    expect(confirmedAddresses(sinks, () => ({ confirmed: () => undefined }))('dsl', 'ipv4')).toEqual([]);
  });
});
