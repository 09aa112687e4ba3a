import { describe, expect, it } from 'vitest';
import { address } from '../../../src/model/address.ts';
import { isFrom } from '../../../src/net/pcp/exchange.ts';

describe('the sender of a datagram', () => {
  const gateway = address('fe80::1');
  const link = { interface: 'eth0', index: 2 };

  it.each([
    ['fe80::1%eth0', true],
    // Windows writes the number.
    ['fe80::1%2', true],
    ['fe80::1%eth1', false],
    ['fe80::1%3', false],
    ['fe80::1%eth01', false],
    ['fe80::2%eth0', false],
  ])('%s is the gateway fe80::1 of eth0: %s', (from, expected) => {
    expect(isFrom({ address: from, port: 5351 }, gateway, { port: 5351, link })).toBe(expected);
  });

  it('has the right port, where one is asked for, and any link where none is', () => {
    expect(isFrom({ address: 'fe80::1%eth0', port: 5352 }, gateway, { port: 5351, link })).toBe(false);
    expect(isFrom({ address: 'fe80::1%eth1', port: 5352 }, gateway)).toBe(true);
    expect(isFrom({ address: '192.168.1.1', port: 5351 }, address('192.168.1.1'), { link })).toBe(true);
  });
});
