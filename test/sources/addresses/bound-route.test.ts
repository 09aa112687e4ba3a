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
    expect(await routes.violation(bound, snapshot)).toContain('have no route (Network is unreachable)');
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
    expect(lines.map(({ event, level }) => `${level} ${event}`)).toEqual(['debug uplink_binding_unknown']);
  });

  test('is not asked about on other systems, nor without an address to send from', async () => {
    const elsewhere = setUp('darwin');
    expect(await elsewhere.routes.violation(bound, snapshot)).toBeUndefined();
    const bare = setUp();
    expect(await bare.routes.violation(bound, snapshotOf([link('wan2', [])]))).toBeUndefined();
    expect([...elsewhere.asked, ...bare.asked]).toEqual([]);
  });
});

test('an interface whose name begins like the wanted one is another', () => {
  expect(readRoute({ code: 0, stdout: '1.1.1.1 dev wan22 src 192.0.2.1', stderr: '' }, 'wan2')).toEqual({
    kind: 'violated',
    how: 'leave by wan22',
  });
});
