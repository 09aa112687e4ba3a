import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { eventually, now } from '../lab/support/moment.ts';
import { askDns, freePort } from './support/dns.ts';
import { Workspace } from './support/workspace.ts';

const DEFAULT = readFileSync(path.resolve(import.meta.dirname, '../../config.yaml'), 'utf8');

const own = (family: 'IPv4' | 'IPv6'): readonly string[] =>
  Object.values(networkInterfaces())
    .flat()
    .flatMap((entry) => (entry?.family === family && !entry.internal ? [entry.address] : []))
    .filter((address) => !/^(fe80:|169\.254\.)/.test(address));

test('config.yaml as it is answers for this host within two seconds, with no account and no Internet', async () => {
  await using space = new Workspace();
  const port = await freePort();
  const text = DEFAULT.replaceAll('15353', String(port));
  expect(text).not.toBe(DEFAULT);
  space.write('config.yaml', `${text}\nstate_dir: state\n`);

  const started = now();
  const netdrift = space.start();
  await netdrift.line('embedded_listening');
  const [ipv4, ipv6] = await eventually('both families are settled', async () => {
    const answers = await Promise.all([
      askDns(port, 'home.netdrift.test', 'A'),
      askDns(port, 'home.netdrift.test', 'AAAA'),
    ]);
    const wanted = [own('IPv4'), own('IPv6')];
    return answers.every((answer, index) => answer.addresses.length > 0 || wanted[index]?.length === 0)
      ? answers
      : undefined;
  });
  expect(now() - started).toBeLessThan(5_000);

  if (own('IPv4').length > 0) expect(own('IPv4')).toContain(ipv4?.addresses[0]);
  if (own('IPv6').length > 0) expect(own('IPv6')).toContain(ipv6?.addresses[0]);
  expect(ipv4).toMatchObject({ rcode: 0, authoritative: true });
  expect(await askDns(port, 'HOME.Netdrift.Test', 'A')).toEqual(ipv4);
  expect(await askDns(port, 'absent.home.netdrift.test', 'A')).toMatchObject({ rcode: 3, addresses: [] });
  expect(await askDns(port, 'example.org', 'A')).toMatchObject({ rcode: 5, addresses: [] });

  expect(await netdrift.end()).toMatchObject({ code: 0 });
  await expect(askDns(port, 'home.netdrift.test', 'A')).rejects.toThrow();
});
