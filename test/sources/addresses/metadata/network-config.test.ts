import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Unusable } from '../../../../src/sources/addresses/metadata/contract.ts';
import { readNetworkConfig } from '../../../../src/sources/addresses/metadata/network-config.ts';
import { type Bundle, bundle } from '../../../telemetry/bundle.ts';

const TWO_CARDS = `
hostname: my-server
network-config:
  config:
  - mac_address: 96:00:00:08:19:da
    name: eth0
    subnets:
    - dns_nameservers:
      - 185.12.64.1
      - address: 192.0.2.1
      ipv4: true
      type: dhcp
    - address: 2a01:4f8:beef:beef::1/64
      gateway: fe80::1
      ipv6: true
    type: physical
  - subnets:
      - address: '10.0.0.3/32'
    mac_address: "86:00:00:aa:bb:cc"
  - type: nameserver
    address: 9.9.9.9
  version: 1
public-ipv4: 49.0.0.4
address: 8.8.8.8
`;

describe('the network configuration', () => {
  it('is read card by card, the addresses of their subnets alone', () => {
    expect(readNetworkConfig(TWO_CARDS)).toEqual([
      { mac: '96:00:00:08:19:da', addresses: ['192.0.2.1', '2a01:4f8:beef:beef::1'] },
      { mac: '86:00:00:aa:bb:cc', addresses: ['10.0.0.3'] },
      { addresses: [] },
    ]);
  });

  it('may have lists that stand further in, and lines that end as on Windows', () => {
    const text = 'network-config:\r\n  config:\r\n    - subnets:\r\n      - address: 2001:db8::1/64\r\n';
    expect(readNetworkConfig(text)).toEqual([{ addresses: ['2001:db8::1'] }]);
  });

  it('may have no card', () => {
    expect(readNetworkConfig('network-config:\n  config:\n  version: 1\n')).toEqual([]);
    expect(readNetworkConfig('network-config:\n  config:\n')).toEqual([]);
  });

  it.each([
    ['', 'the answer has no network-config'],
    ['network-config:\npublic-ipv4: 49.0.0.4', 'the answer has no network-config'],
    ['vendor_data: |\n  network-config:\n    config:', 'the answer has no network-config'],
    ['network-config:\n  version: 1', 'config is not a list'],
    ['network-config:\n  config: [a]', 'config is not a list'],
    ['network-config:\n  config:\n    a: b', 'config is not a list'],
  ])('%j is none', (text, why) => {
    expect(() => readNetworkConfig(text)).toThrow(new Unusable(why));
  });

  it('is refused in one way only, whatever comes', () => {
    const word = fc.constantFrom(
      'network-config:',
      'config:',
      '- ',
      ' ',
      '\n',
      'subnets:',
      'address: ',
      '[',
      ':',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string()), { maxLength: 60 }), (words) => {
        try {
          readNetworkConfig(`network-config:\n  config:\n${words.join('')}`);
        } catch (error) {
          expect(error).toBeInstanceOf(Unusable);
        }
      }),
    );
  });
});

describe('documents with thousands of brackets', () => {
  let program: Bundle;
  beforeAll(async () => {
    program = await bundle(new URL('./children/deep-bodies.ts', import.meta.url));
  });
  afterAll(() => program.remove());

  it('do not bring the process down, however often they come', () => {
    const { stdout, status, signal } = spawnSync(process.execPath, [program.file], { encoding: 'utf8' });
    expect({ stdout, status, signal }).toEqual({ stdout: 'alive\n', status: 0, signal: null });
  });
});
