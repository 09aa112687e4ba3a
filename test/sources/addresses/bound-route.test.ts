import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { address } from '../../../src/model/address.ts';
import type { Spawn } from '../../../src/model/spawn.ts';
import { createBoundRoutes, readRoute } from '../../../src/sources/addresses/bound-route.ts';
import { keptLog } from '../../daemon/fixture.ts';
import { link, snapshotOf } from './fixtures.ts';

interface Said {
  readonly code: number;
  readonly stdout?: string;
  readonly stderr?: string;
}

/** `ip route get` as the test wants it, and how often it was asked what. */
function setUp(platform: NodeJS.Platform = 'linux') {
  let said: Said | 'missing' = { code: 0 };
  let now = 0;
  const asked: string[] = [];
  const spawn = ((program: string, words: readonly string[]) => {
    asked.push([program, ...words].join(' '));
    const child = Object.assign(new EventEmitter(), {
      stdout: new PassThrough(),
      stderr: new PassThrough(),
      exitCode: null,
      signalCode: null,
    });
    setImmediate(() => {
      if (said === 'missing') {
        child.emit('error', Object.assign(new Error('spawn ip ENOENT'), { code: 'ENOENT' }));
        return;
      }
      child.stdout.end(said.stdout ?? '');
      child.stderr.end(said.stderr ?? '');
      const { code } = said;
      setImmediate(() => child.emit('close', code, null));
    });
    return child;
  }) as unknown as Spawn;
  const { log, lines } = keptLog();
  const routes = createBoundRoutes({
    spawn,
    platform,
    clock: { monotonic: () => now },
    log,
  });
  return {
    routes,
    asked,
    lines,
    says: (answer: Said | 'missing') => {
      said = answer;
    },
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
  };
}

const bound = { uplink: 'lte', interface: 'wan2', family: 'ipv4' } as const;
const snapshot = snapshotOf(
  [link('wan1', ['198.51.100.10']), link('wan2', ['203.0.113.10'], { index: 7 })],
  [
    { family: 'ipv4', interface: 'wan1', gateway: address('198.51.100.1'), metric: 100 },
    { family: 'ipv4', interface: 'wan2', gateway: address('203.0.113.1'), metric: 200 },
  ],
);
const right = {
  code: 0,
  stdout: '1.1.1.1 from 203.0.113.10 via 203.0.113.1 dev wan2 table 1007 uid 0 \n    cache \n',
};
const wrong = { code: 0, stdout: '1.1.1.1 from 203.0.113.10 via 198.51.100.1 dev wan1 uid 0 \n    cache \n' };

describe('a bound uplink', () => {
  test('whose requests leave by its interface is fine; the system is asked once a network', async () => {
    const { routes, asked, says, lines, pass } = setUp();
    says(right);
    expect(await Promise.all([1, 2, 3].map(() => routes.violation(bound, snapshot)))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    pass(3_600_000);
    expect(await routes.violation(bound, { ...snapshot })).toBeUndefined();
    expect(asked).toEqual(['ip -4 route get 1.1.1.1 from 203.0.113.10']);
    expect(lines).toEqual([]);
    await routes.violation(bound, { ...snapshot, routes: snapshot.routes.slice(1) });
    expect(asked).toHaveLength(2);
  });

  test('whose requests leave by another one is told once, with the commands that mend it', async () => {
    const { routes, says, lines, pass } = setUp();
    says(wrong);
    const why = await routes.violation(bound, snapshot);
    expect(why).toBe(
      'not_bound: requests of lte from 203.0.113.10 leave by wan1 and not by wan2; mend it with: ' +
        'ip route add default via 203.0.113.1 dev wan2 table 1007 && ip rule add from 203.0.113.10 table 1007',
    );
    pass(2_000);
    expect(await routes.violation(bound, snapshot)).toBe(why);
    expect(lines).toMatchObject([
      { level: 'warn', event: 'uplink_not_bound', message: expect.stringContaining('ip rule add from') },
    ]);
  });

  test('is looked at again after a second, because a rule that mends it causes no event', async () => {
    const { routes, asked, says, lines, pass } = setUp();
    says(wrong);
    await routes.violation(bound, snapshot);
    says(right);
    pass(900);
    expect(await routes.violation(bound, snapshot)).toBeDefined();
    expect(asked).toHaveLength(1);
    pass(200);
    expect(await routes.violation(bound, snapshot)).toBeUndefined();
    expect(lines.map(({ event }) => event)).toEqual(['uplink_not_bound', 'uplink_bound']);
  });

  test('without any route from its address is not bound either', async () => {
    const { routes, says } = setUp();
    says({ code: 2, stderr: 'RTNETLINK answers: Network is unreachable\n' });
    expect(await routes.violation(bound, snapshot)).toContain(
      'have no route by wan2 (Network is unreachable)',
    );
  });

  test('asks for IPv6 in its own words, and for where the question goes', async () => {
    const { routes, asked, says } = setUp();
    says({
      code: 0,
      stdout:
        '2606:4700:4700::1111 from 2001:db8::10 via fe80::1 dev wan1 src 2001:db8::10 metric 1024 pref medium',
    });
    const six = snapshotOf(
      [link('wan2', ['2001:db8::10'], { index: 7 })],
      [{ family: 'ipv6', interface: 'wan2', metric: 0 }],
    );
    const why = await routes.violation({ ...bound, family: 'ipv6' }, six);
    expect(why).toContain('ip -6 route add default dev wan2 table 1007 && ip -6 rule add from 2001:db8::10');
    await routes.violation(bound, snapshot, '203.0.113.1');
    expect(asked).toEqual([
      'ip -6 route get 2606:4700:4700::1111 from 2001:db8::10',
      'ip -4 route get 203.0.113.1 from 203.0.113.10',
    ]);
  });

  test.each([
    ['the program is missing', 'missing'],
    ['the program does not know the question', { code: 1, stderr: 'ip: invalid argument' }],
    ['the answer names no device', { code: 0, stdout: 'hello' }],
  ] as const)('is believed where %s', async (_, answer) => {
    const { routes, says, lines } = setUp();
    says(answer);
    expect(await routes.violation(bound, snapshot)).toBeUndefined();
    await routes.violation(bound, { ...snapshot, routes: snapshot.routes.slice(1) });
    expect(lines.map(({ event, level }) => `${level} ${event}`)).toEqual([
      'warn uplink_binding_unknown',
      'debug uplink_binding_unknown',
    ]);
  });

  test('is not asked about on other systems, nor without an address to send from', async () => {
    const elsewhere = setUp('darwin');
    for (const _ of [1, 2]) expect(await elsewhere.routes.violation(bound, snapshot)).toBeUndefined();
    // Whoever binds an uplink there has to see to the routes, and is told so once.
    expect(elsewhere.lines).toMatchObject([
      {
        level: 'warn',
        event: 'uplink_binding_unknown',
        message:
          'cannot check that requests of lte from 203.0.113.10 leave by wan2: darwin does not tell which way packets go',
      },
      { level: 'debug' },
    ]);
    const bare = setUp();
    expect(await bare.routes.violation(bound, snapshotOf([link('wan2', [])]))).toBeUndefined();
    expect([...elsewhere.asked, ...bare.asked]).toEqual([]);
  });
});

describe('an uplink that is bound to a source address', () => {
  const second = snapshotOf(
    [
      link('eth1', ['192.168.1.10', '192.168.2.10'], { index: 3 }),
      link('lo', ['192.0.2.1'], { loopback: true }),
    ],
    [
      { family: 'ipv4', interface: 'eth1', gateway: address('192.168.1.1'), metric: 100 },
      { family: 'ipv4', interface: 'eth1', gateway: address('192.168.2.1'), metric: 200 },
    ],
  );
  const from = (text: string) => ({ uplink: 'lte', family: 'ipv4', source: address(text) }) as const;
  const goes = (gateway: string) => ({
    code: 0,
    stdout: `1.1.1.1 from 192.168.2.10 via ${gateway} dev eth1`,
  });

  test('is fine where requests from it go to a gateway of its own network', async () => {
    const { routes, asked, says } = setUp();
    says(goes('192.168.2.1'));
    expect(await routes.violation(from('192.168.2.10'), second)).toBeUndefined();
    expect(asked).toEqual(['ip -4 route get 1.1.1.1 from 192.168.2.10']);
  });

  test('is not bound where they go to the gateway of another network over the same interface', async () => {
    const { routes, says } = setUp();
    says(goes('192.168.1.1'));
    expect(await routes.violation(from('192.168.2.10'), second)).toBe(
      'not_bound: requests of lte from 192.168.2.10 go to 192.168.1.1, which is not on the network of that address; mend it with: ' +
        'ip route add default via 192.168.2.1 dev eth1 table 1003 && ip rule add from 192.168.2.10 table 1003',
    );
  });

  test('may have any gateway where nobody translates it: a host with addresses of several networks is no exception', async () => {
    const { routes, says } = setUp();
    says({ code: 0, stdout: '1.1.1.1 from 9.9.9.9 via 192.168.1.1 dev eth1' });
    const routed = snapshotOf([link('eth1', ['192.168.1.10', '9.9.9.9'])], second.routes);
    expect(await routes.violation(from('9.9.9.9'), routed)).toBeUndefined();
  });

  test('may leave by any interface where the address is one of the loopback, and is not judged where it is missing', async () => {
    const { routes, asked } = setUp();
    expect(await routes.violation(from('192.0.2.1'), second)).toBeUndefined();
    expect(await routes.violation(from('192.168.3.10'), second)).toBeUndefined();
    expect(asked).toEqual([]);
  });
});

test('an interface whose name begins like the wanted one is another', () => {
  const way = { device: 'wan2', near: () => true };
  expect(readRoute({ code: 0, stdout: '1.1.1.1 dev wan22 src 192.0.2.1', stderr: '' }, way)).toEqual({
    kind: 'violated',
    how: 'leave by wan22 and not by wan2',
  });
});

test('the words of `ip` are fit for a log', () => {
  const way = { device: 'wan2', near: () => true };
  const stderr = 'RTNETLINK answers: \u001b[2JNetwork is unreachable\n';
  expect(readRoute({ code: 2, stdout: '', stderr }, way)).toEqual({
    kind: 'violated',
    how: 'have no route by wan2 ([2JNetwork is unreachable)',
  });
  expect(readRoute({ code: 0, stdout: '1.1.1.1 dev \u001b[2J', stderr: '' }, way)).toMatchObject({
    how: 'leave by [2J and not by wan2',
  });
});
