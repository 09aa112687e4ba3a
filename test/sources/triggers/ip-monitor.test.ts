import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeIpMonitorLine } from '../../../src/sources/triggers/ip-monitor.ts';
import { lineSplitter } from '../../../src/sources/triggers/lines.ts';

const recorded = (name: string): readonly string[] =>
  lineSplitter()(readFileSync(new URL(`fixtures/${name}.txt`, import.meta.url), 'utf8'));

const details = (name: string): readonly string[] =>
  recorded(name)
    .map(judgeIpMonitorLine)
    .flatMap((verdict) => (verdict.kind === 'event' ? [verdict.detail] : []));

describe('lines of ip monitor, as recorded', () => {
  it('an added address and a default route ring the bell; the routes the kernel adds by itself do not', () => {
    expect(details('ipv4-address-added')).toEqual([
      'wan0: address 192.0.2.10/24',
      'default via 192.0.2.1 dev wan0',
    ]);
  });

  it('an IPv4-only link that goes down is told by its LINK line alone', () => {
    expect(recorded('ipv4-only-link-down').every((line) => line.startsWith('[LINK]'))).toBe(true);
    expect(details('ipv4-only-link-down')).toEqual(['wan0: link down', 'far0: link lowerlayerdown']);
  });

  it('a link that comes up', () => {
    expect(details('link-up')).toEqual([
      'wan0: link lowerlayerdown',
      'wan0: link up',
      'far0: link up',
      'default via 192.0.2.1 dev wan0',
    ]);
  });

  it('a lost carrier', () => {
    expect(details('carrier-lost')).toEqual([
      'far0: link down',
      'far0: address fe80::74ce:b3ff:feb6:4901/64 removed',
      'wan0: link lowerlayerdown',
    ]);
  });

  it('two identical renewals ring twice: the snapshot tells that nothing changed', () => {
    expect(details('dhcp-renewed-twice')).toEqual([
      'wan0: address 192.0.2.10/24',
      'wan0: address 192.0.2.10/24',
    ]);
  });

  it('an IPv6 address is told tentative first, then without', () => {
    const wan = details('ipv6-duplicate-detection').filter((detail) => detail.includes('2001:db8:1::10'));
    expect(wan).toEqual(['wan0: address 2001:db8:1::10/64 tentative', 'wan0: address 2001:db8:1::10/64']);
  });

  it('a deprecated address', () => {
    expect(details('ipv6-deprecated')).toEqual(['wan0: address 2001:db8:1::10/64 deprecated']);
  });

  it.each(['0.0.0.0/1', '128.0.0.0/1', '::/1', '8000::/1'])(
    'half of the world (%s), as a VPN takes it over, rings the bell like a default route',
    (half) => {
      const line = `[ROUTE]${half} via 10.8.0.1 dev tun0 `;
      expect(judgeIpMonitorLine(line)).toEqual({ kind: 'event', detail: `${half} via 10.8.0.1 dev tun0` });
      expect(judgeIpMonitorLine(line.replace('/1', '/2')).kind).toBe('noise');
    },
  );

  it('a dual-stack link that goes down tells of its IPv6 default route and addresses', () => {
    expect(details('dual-stack-link-down')).toEqual([
      'wan0: link down',
      'default via fe80::1 dev wan0 metric 1024 pref medium removed',
      'wan0: address 2001:db8:1::10/64 deprecated removed',
      'wan0: address fe80::f889:d5ff:febe:2140/64 removed',
      'far0: link lowerlayerdown',
    ]);
  });

  it('gateways of both families', () => {
    expect(details('gateway-changed')).toEqual([
      'default via 192.0.2.254 dev wan0',
      'default via fe80::99 dev wan0 metric 1024 pref medium',
      'default via fe80::98 dev wan0 metric 1024 pref medium',
    ]);
  });

  it('multicast, link-local and unreachable routes are noise; LINK lines are left to the snapshot', () => {
    expect(details('noise')).toEqual(['wan0: link up', 'wan0: link up', 'wan0: link up']);
  });
});

describe('other lines', () => {
  it.each([
    ['[ROUTE]unreachable default dev lo metric 4294967295 error -101 pref medium'],
    ['[NEIGH]192.0.2.77 dev wan0 lladdr 02:00:00:00:00:01 PERMANENT'],
    ['[RULE]0: from all lookup local'],
    ['[LINK]3: wlan0: <BROADCAST,MULTICAST,UP,LOWER_UP> \\    link/ether 02:00:00:00:00:01'],
    ['[ROUTE]10.1.2.0/24 dev wan0 scope link '],
    [''],
  ])('noise: %s', (line) => {
    expect(judgeIpMonitorLine(line).kind).toBe('noise');
  });

  it.each([
    [
      '[ROUTE]default proto static metric 100 \\\tnexthop via 192.0.2.1 dev a weight 1 \\\tnexthop via 192.0.2.2 dev b',
    ],
    ['[ROUTE]default dev ppp0 scope link '],
    ['[ROUTE]Deleted default via 192.0.2.1 dev wan0 '],
    ['[LINK]Deleted 7: veth1@NONE: <BROADCAST,MULTICAST> mtu 1500 qdisc noop state DOWN group default '],
    ['something nobody has seen'],
  ])('event: %s', (line) => {
    expect(judgeIpMonitorLine(line).kind).toBe('event');
  });

  it('never throws, and gives short details without control characters', () => {
    const line = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .tuple(fc.constantFrom('[ADDR]', '[LINK]', '[ROUTE]', '[ADDR]Deleted '), fc.string())
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(line, (text) => {
        const verdict = judgeIpMonitorLine(text);
        const words = verdict.kind === 'event' ? verdict.detail : verdict.why;
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not appear
        expect(words).not.toMatch(/[\u0000-\u001f]/);
        expect(words.length).toBeLessThan(5_000);
      }),
    );
  });
});

describe('lineSplitter', () => {
  it('gives the same lines however the text is cut, with LF or CRLF', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string().filter((s) => !/[\r\n]/.test(s))),
        fc.array(fc.nat(400)),
        fc.boolean(),
        (lines, cuts, windows) => {
          const text = lines.map((line) => `${line}${windows ? '\r\n' : '\n'}`).join('');
          const places = [0, ...cuts.filter((cut) => cut < text.length).sort((a, b) => a - b), text.length];
          const split = lineSplitter();
          const got = places.slice(1).flatMap((end, index) => split(text.slice(places[index], end)));
          expect(got).toEqual(lines);
        },
      ),
    );
  });

  it('holds a bounded head of a line that never ends, and finds the next line', () => {
    const split = lineSplitter(10);
    expect(split('0123456789abc')).toEqual(['0123456789']);
    for (let turn = 0; turn < 1_000; turn += 1) expect(split('x'.repeat(1_000))).toEqual([]);
    expect(split('tail\nnext\n')).toEqual(['next']);
  });
});
