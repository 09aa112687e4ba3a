import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../lab/support/moment.ts';
import { askDns, freePort } from './support/dns.ts';
import { Workspace } from './support/workspace.ts';

const DEFAULT = readFileSync(path.resolve(import.meta.dirname, '../../config.yaml'), 'utf8');

/** Addresses of interfaces that nobody takes for virtual ones: at least those must be found. */
const sure = (family: 'IPv4' | 'IPv6'): readonly string[] =>
  Object.entries(networkInterfaces())
    .filter(([name]) => /^(?:eth|en|wl)/.test(name))
    .flatMap(([, entries]) => entries ?? [])
    .filter((entry) => entry.family === family && !/^(?:fe80:|169\.254\.)/.test(entry.address))
    .map((entry) => entry.address);

const SETTLED = ['address_changed', 'address_absent', 'address_unavailable'];

test('config.yaml as it is answers for this host, with no account and no Internet', async () => {
  await using space = new Workspace();
  const port = await freePort();
  const text = DEFAULT.replaceAll('15353', String(port));
  expect(text).not.toBe(DEFAULT);
  space.write('config.yaml', `${text}\nstate_dir: state\n`);

  const netdrift = space.start();
  await netdrift.line('embedded_listening');
  for (const [family, type, name] of [
    ['ipv4', 'A', 'IPv4'],
    ['ipv6', 'AAAA', 'IPv6'],
  ] as const) {
    const settled = await netdrift.log.find(
      (line) => line['family'] === family && SETTLED.includes(line.event),
    );
    if (sure(name).length > 0) expect(sure(name)).toContain(settled['address']);
    const wanted = settled.event === 'address_changed' ? [settled['address']] : [];
    const answer = await eventually(`${type} is served`, async () => {
      const got = await askDns(port, 'home.netdrift.test', type);
      return got.addresses.length === wanted.length ? got : undefined;
    });
    expect(answer).toEqual({ rcode: expect.any(Number), authoritative: true, addresses: wanted });
    if (wanted.length > 0) expect(answer.rcode).toBe(0);
    expect(await askDns(port, 'HOME.Netdrift.Test', type)).toEqual(answer);
  }
  expect(await askDns(port, 'absent.home.netdrift.test', 'A')).toMatchObject({ rcode: 3, addresses: [] });
  expect(await askDns(port, 'example.org', 'A')).toMatchObject({ rcode: 5, addresses: [] });

  expect(await netdrift.end()).toMatchObject({ code: 0 });
  await expect(askDns(port, 'home.netdrift.test', 'A')).rejects.toThrow();
});
