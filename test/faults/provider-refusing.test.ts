import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../lab/support/moment.ts';
import { describeLab } from '../lab/support/needs.ts';
import { agree, Provider, type Script } from './support/provider.ts';
import { PASSWORD, Scene, sink } from './support/scene.ts';
import * as scripts from './support/scripts.ts';

interface Refusal {
  readonly name: string;
  readonly script: Script;
  readonly class: string;
  readonly words: RegExp;
}

/** What only a person can mend. */
const REFUSALS: readonly Refusal[] = [
  {
    name: 'badauth',
    script: scripts.word('badauth'),
    class: 'credentials',
    words: /badauth: user name or password is wrong/,
  },
  { name: 'HTTP-401', script: scripts.status('401 Unauthorized'), class: 'credentials', words: /HTTP 401/ },
  { name: 'HTTP-403', script: scripts.status('403 Forbidden'), class: 'credentials', words: /HTTP 403/ },
  { name: 'HTTP-404', script: scripts.status('404 Not Found'), class: 'not_found', words: /HTTP 404/ },
  { name: 'abuse', script: scripts.word('abuse'), class: 'refused', words: /abuse: blocked for abuse/ },
  {
    name: 'badagent',
    script: scripts.word('badagent'),
    class: 'refused',
    words: /badagent: the server refuses this client/,
  },
  {
    name: 'donator',
    script: scripts.word('!donator'),
    class: 'refused',
    words: /!donator: the account has no right/,
  },
  { name: 'nohost', script: scripts.word('nohost'), class: 'not_found', words: /nohost/ },
  { name: 'yours', script: scripts.word('!yours'), class: 'not_found', words: /!yours/ },
  { name: 'notfqdn', script: scripts.word('notfqdn'), class: 'not_found', words: /notfqdn/ },
];

const HALF_AN_HOUR = 1_800_000;

interface Wait {
  readonly name: string;
  readonly script: Script;
  readonly class: string;
  /** Milliseconds. */
  readonly wait: number;
}

/** What has to be left alone for a time. */
const WAITS: readonly Wait[] = [
  { name: '911', script: scripts.word('911'), class: 'transient', wait: HALF_AN_HOUR },
  { name: 'dnserr', script: scripts.word('dnserr'), class: 'transient', wait: HALF_AN_HOUR },
  { name: 'w45m', script: scripts.word('w45m'), class: 'rate_limited', wait: 1.5 * HALF_AN_HOUR },
  { name: 'HTTP-429', script: scripts.status('429 Too Many Requests'), class: 'rate_limited', wait: 60_000 },
  {
    name: 'HTTP-429-seconds',
    script: scripts.status('429 Too Many Requests', ['retry-after: 3600'], 3_600_000),
    class: 'rate_limited',
    wait: 3_600_000,
  },
  {
    name: 'HTTP-429-date',
    // The server's clock is years away from ours; what counts is how far apart its two stamps are.
    script: scripts.status(
      '429 Too Many Requests',
      ['date: Sun, 06 Nov 2033 08:49:37 GMT', 'retry-after: Sun, 06 Nov 2033 09:49:37 GMT'],
      3_600_000,
    ),
    class: 'rate_limited',
    wait: 3_600_000,
  },
  {
    name: 'HTTP-503-seconds',
    script: scripts.status('503 Service Unavailable', ['retry-after: 120'], 120_000),
    class: 'transient',
    wait: 120_000,
  },
];

interface StoredHold {
  readonly class: string;
  readonly length?: number;
}

describeLab('a provider that refuses', [], () => {
  let scene: Scene;
  const providers = new Map<string, Provider>();
  const provider = (name: string): Provider => {
    const found = providers.get(name);
    if (found === undefined) throw new Error(`no provider ${name}`);
    return found;
  };
  const all = [...REFUSALS, ...WAITS];
  const names = all.map(({ name }) => name);
  const configOf = (password: string) =>
    scene.config(Object.fromEntries([...providers].map(([name, made]) => [name, sink(made, { password })])));
  const counts = (): readonly number[] => names.map((name) => provider(name).exchanges.items.length);
  const once = names.map(() => 1);
  /** A change that the good sink has proves that every lane has had it. */
  const change = async (address: string): Promise<void> => {
    scene.address(address);
    await scene.stands(provider('good'));
  };
  const stored = (): Readonly<Record<string, readonly StoredHold[]>> => {
    const { sinks } = JSON.parse(readFileSync(path.join(scene.netdrift.stateFolder, 'state.json'), 'utf8'));
    return Object.fromEntries(
      Object.entries(
        sinks as Record<string, { holds: StoredHold[]; records: Record<string, { holds: StoredHold[] }> }>,
      ).map(([name, { holds, records }]) => [
        name,
        [...holds, ...Object.values(records).flatMap((record) => record.holds)],
      ]),
    );
  };

  beforeAll(async () => {
    scene = await Scene.open();
    for (const { name, script } of all) {
      const made = await Provider.start();
      made.script = script;
      providers.set(name, made);
    }
    providers.set('good', await Provider.start());
    scene.address('198.51.100.1');
    scene.start(configOf(PASSWORD));
    await Promise.all(
      names.map((name) =>
        scene.netdrift.line((line) => line['sink'] === name && line.event === 'write_failed'),
      ),
    );
    await scene.stands(provider('good'));
  });

  afterAll(async () => {
    await scene?.close();
    await Promise.all([...providers.values()].map((made) => made.close()));
  });

  test.each(REFUSALS)('$name is told once, with what to do', ({ name, words, class: wanted }) => {
    const told = scene.netdrift.log.items.filter(
      (line) => line['sink'] === name && ['warn', 'error'].includes(line.level),
    );
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({ level: 'error', event: 'write_failed', reason: wanted });
    expect(told[0]?.['message']).toMatch(words);
    expect(told[0]?.['remedy']).toContain(`netdrift trigger --release ${name}`);
    expect(told[0]?.['retry_in']).toBeUndefined();
  });

  test.each(WAITS)('$name means to wait in full', ({ name, class: wanted, wait }) => {
    const told = scene.netdrift.log.items.filter((line) => line['sink'] === name && line.level === 'warn');
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({ event: 'write_failed', reason: wanted });
    expect(Number(told[0]?.['retry_in'])).toBeGreaterThanOrEqual(wait - 1_000);
    expect(Number(told[0]?.['retry_in'])).toBeLessThan(wait * 1.3 + 5_000);
    expect(stored()[name]).toMatchObject([{ class: wanted, length: wait }]);
  });

  test('status shows each with what to do and when', async () => {
    const { sinks } = await scene.status();
    for (const { name, class: wanted } of all) {
      const found = sinks.find((one) => one.sink === name);
      expect(found).toMatchObject({
        sink: name,
        state: 'held',
        records: [{ published: null, pending: ['198.51.100.1'] }],
      });
      expect(found?.records[0]?.failure).toMatchObject({ class: wanted });
      expect(found?.records[0]?.failure?.remedy).not.toBe('');
    }
    for (const { name, wait } of WAITS) {
      const next = sinks.find((one) => one.sink === name)?.records[0]?.next_attempt ?? '';
      const left = Date.parse(next) - Date.now();
      expect(left, name).toBeGreaterThan(wait - 30_000);
    }
    const words = (await scene.netdrift.command('status')).stdout;
    expect(words.replaceAll(/\s+/g, ' ')).toContain('netdrift trigger --release abuse');
  });

  test('a newer address and an impatient operator change nothing', async () => {
    await change('198.51.100.2');
    scene.netdrift.signal('SIGUSR1');
    expect((await scene.netdrift.command('trigger')).code).toBe(0);
    await change('198.51.100.3');
    expect(counts()).toEqual(once);
  });

  test('nor does a restart, nor a crash, nor a reload', async () => {
    await scene.stopAndStart();
    await change('198.51.100.4');
    await scene.killAndStart();
    await change('198.51.100.5');
    scene.netdrift.signal('SIGHUP');
    await scene.netdrift.line({ event: 'configuration_reloaded' });
    await change('198.51.100.6');
    expect(counts()).toEqual(once);
  });

  test('after a restart it is still shown, as held', async () => {
    const { sinks } = await scene.status();
    for (const { name, class: wanted } of all) {
      const found = sinks.find((one) => one.sink === name);
      expect(found?.state, name).toBe('held');
      expect(found?.records[0]?.failure, name).toMatchObject({ class: wanted });
    }
    for (const { name, wait } of WAITS) {
      const next = sinks.find((one) => one.sink === name)?.records[0]?.next_attempt ?? '';
      expect(Date.parse(next) - Date.now(), name).toBeGreaterThan(wait - 40_000);
    }
  });

  test('a changed password releases the refusals, and not the waits', async () => {
    for (const name of names) provider(name).script = agree;
    // Those after it are left for the operator.
    scene.happened('reconfigured');
    scene.netdrift.writeConfig(configOf('another password'));
    const after = scene.netdrift.log.mark();
    scene.netdrift.signal('SIGHUP');
    await scene.netdrift.line({ event: 'configuration_reloaded' }, { after });
    for (const { name } of REFUSALS) await scene.stands(provider(name));
    await change('198.51.100.7');
    for (const { name } of REFUSALS) await scene.stands(provider(name));
    expect(WAITS.map(({ name }) => provider(name).exchanges.items.length)).toEqual(WAITS.map(() => 1));
  });

  test('the operator releases each wait', async () => {
    for (const { name } of WAITS) {
      scene.happened('released');
      const { code, stdout } = await scene.netdrift.command('trigger', '--release', name);
      expect([code, stdout]).toEqual([0, `looking now, 1 hold(s) of ${name} released\n`]);
      await scene.netdrift.line({ event: 'hold_released', sink: name });
      await scene.stands(provider(name));
    }
  });

  test('a sink that does not exist cannot be released', async () => {
    const { code, stderr } = await scene.netdrift.command('trigger', '--release', 'nobody');
    expect(code).not.toBe(0);
    expect(stderr).toContain('there is no sink nobody');
  });

  test.each([...names, 'good'])('the judge of %s', async (name) => {
    await scene.judged(provider(name));
  });

  test('no word of any password was written', () => {
    expect(scene.netdrift.process.output()).not.toContain(PASSWORD);
  });
});

describeLab('a refusal that the operator releases', [], () => {
  test.each(REFUSALS.slice(0, 1))(
    '$name: released, refused again, held again, told again',
    async ({ script }) => {
      await using scene = await Scene.open();
      const provider = await Provider.start();
      provider.script = script;
      scene.address('198.51.100.1');
      const netdrift = scene.start(scene.config({ dyn: sink(provider) }));
      await netdrift.line({ event: 'write_failed' });
      const after = netdrift.log.mark();
      scene.happened('released');
      expect((await netdrift.command('trigger', '--release', 'dyn')).stdout).toContain(
        '1 hold(s) of dyn released',
      );
      await netdrift.line({ event: 'write_failed' }, { after });
      expect((await scene.status()).sinks[0]?.state).toBe('held');
      expect(provider.exchanges.items).toHaveLength(2);
      provider.script = agree;
      scene.happened('released');
      await netdrift.command('trigger', '--release', 'dyn');
      await scene.judged(provider);
      await eventually('all is well', async () => (await scene.status()).sinks[0]?.state === 'ok');
      await provider.close();
    },
  );
});
