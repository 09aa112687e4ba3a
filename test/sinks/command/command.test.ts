import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Spawn } from '../../../src/model/spawn.ts';
import { command } from '../../../src/sinks/command/provider.ts';
import type { Sink, WriteResult } from '../../../src/sinks/contract.ts';
import { planBlind } from '../../../src/sinks/plan.ts';
import { isRunning } from '../../fakes/processes.ts';
import { callOf, components, noHttp, target } from '../../fakes/sink-call.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'netdrift-command-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const HOME = target('home.example.org', '198.51.100.7');
const out = (): string => readFileSync(join(folder, 'out'), 'utf8');

interface Run {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly targets?: readonly (typeof HOME)[];
  readonly signal?: AbortSignal;
}

async function run({ argv, env = {}, targets = [HOME], signal }: Run): Promise<readonly WriteResult[]> {
  const options = command.options.parse({ command: argv, env: { OUT: join(folder, 'out'), ...env } });
  const sink = command.create({ name: 'mine', options, keys: [] }, components);
  return sink.write(planBlind(targets), callOf(noHttp, signal));
}

/** The shell is the program under test's guest here; the sink itself uses none. */
const script = (text: string): readonly string[] => ['/bin/sh', '-c', text];

describe('what the program is given', () => {
  it('is the change in NETDRIFT_* variables', async () => {
    const targets = [{ ...HOME, ttl: 300 }];
    await run({ argv: script('env | grep ^NETDRIFT_ | sort > "$OUT"'), targets });
    expect(out().trim().split('\n')).toEqual([
      'NETDRIFT_ACTION=set',
      'NETDRIFT_ADDRESS=198.51.100.7',
      'NETDRIFT_ADDRESSES=198.51.100.7',
      'NETDRIFT_FAMILY=ipv4',
      'NETDRIFT_NAME=home.example.org',
      'NETDRIFT_SINK=mine',
      'NETDRIFT_TTL=300',
      'NETDRIFT_TYPE=A',
    ]);
  });

  it('is the change as JSON on stdin', async () => {
    await run({ argv: script('cat > "$OUT"'), targets: [target('a.example.org', '2001:db8::7')] });
    expect(JSON.parse(out())).toEqual({
      action: 'set',
      sink: 'mine',
      name: 'a.example.org',
      type: 'AAAA',
      family: 'ipv6',
      addresses: ['2001:db8::7'],
    });
  });

  it('is nothing else of our environment', async () => {
    process.env['NETDRIFT_TEST_SECRET_TOKEN'] = 'hunter22';
    try {
      await run({ argv: script('env > "$OUT"'), env: { MY_KEY: 'of mine' } });
    } finally {
      delete process.env['NETDRIFT_TEST_SECRET_TOKEN'];
    }
    expect(out()).toContain('MY_KEY=of mine');
    expect(out()).toContain('PATH=');
    expect(out()).not.toContain('hunter22');
  });

  it('is argument by argument, with no shell in between', async () => {
    const text = '$(touch /nowhere); `x` "q" * \n';
    await run({
      argv: [process.execPath, '-e', 'require("fs").writeFileSync(process.env.OUT, process.argv[1])', text],
    });
    expect(out()).toBe(text);
  });
});

describe('how it ends', () => {
  it.each([
    ['exit 0', { kind: 'updated' }],
    ['exit 75', { failure: { class: 'transient', scope: 'record' } }],
    ['exit 77', { failure: { class: 'credentials', scope: 'sink' } }],
    ['exit 78', { failure: { class: 'invalid', scope: 'sink' } }],
    ['exit 1', { failure: { class: 'transient', unclear: true } }],
    [
      'kill -9 $$',
      { failure: { class: 'transient', unclear: true, message: expect.stringContaining('SIGKILL') } },
    ],
    ['exec 0<&-; exit 0', { kind: 'updated' }],
    ['head -c 3000000 /dev/zero; exit 0', { kind: 'updated' }],
  ])('%s', async (text, expected) => {
    expect(await run({ argv: script(text) })).toMatchObject([expected]);
  });

  it('does not mind a program that closes its input (EPIPE)', async () => {
    const closing: Spawn = ((...args: Parameters<Spawn>) => {
      const child = components.spawn(...args);
      const error = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
      process.nextTick(() => child.stdin?.destroy(error));
      return child;
    }) as Spawn;
    const options = command.options.parse({ command: script('exit 0') });
    const sink = command.create({ name: 'mine', options, keys: [] }, { ...components, spawn: closing });
    expect(await sink.write(planBlind([HOME]), callOf(noHttp))).toMatchObject([{ kind: 'updated' }]);
  });

  it('tells the last lines of stderr, cut, without secrets', async () => {
    const argv = script(
      'echo first >&2; for i in 1 2; do echo "line $i" >&2; done; echo "bad key $KEY" >&2; exit 75',
    );
    const [result] = await run({ argv, env: { KEY: 'hunter22' } });
    const message =
      'the command ended with status 75: a temporary failure (line 1 / line 2 / bad key [secret])';
    expect(result).toMatchObject({ failure: { message } });
    const [flood] = await run({
      argv: script('yes hunter22 | tr -d "\\n" | head -c 9000 >&2; exit 75'),
      env: { KEY: 'hunter22' },
    });
    if (flood?.kind !== 'failed') throw new Error('taken for a success');
    expect(flood.failure.message.length).toBeLessThan(300);
    expect(flood.failure.message).not.toContain('unter22');
  });

  it('with a program that is not there, or not to be run', async () => {
    const failure = { class: 'invalid', scope: 'sink' };
    expect(await run({ argv: ['/nowhere/at/all'] })).toMatchObject([{ failure }]);
    expect(await run({ argv: [folder] })).toMatchObject([{ failure }]);
  });

  it('for one after the other, and not for the rest after a failure of all', async () => {
    const targets = [HOME, target('b', '192.0.2.1'), target('c', '192.0.2.1')];
    const argv = script('echo x >> "$OUT"; [ "$(wc -l < "$OUT")" -eq 2 ] && exit 77; exit 0');
    expect(await run({ argv, targets })).toMatchObject([
      { kind: 'updated' },
      { failure: { class: 'credentials' } },
      { failure: { class: 'credentials', message: expect.stringContaining('not sent') } },
    ]);
    expect(out()).toBe('x\nx\n');
  });
});

describe('the deadline', () => {
  it('ends the program and everything it has started', async () => {
    const argv = script('sleep 60 & echo $! > "$OUT"; wait');
    const [result] = await run({ argv, signal: AbortSignal.timeout(300) });
    const message = expect.stringContaining('did not end in time');
    expect(result).toMatchObject({ failure: { class: 'transient', scope: 'sink', unclear: true, message } });
    await expect.poll(() => isRunning(Number(out()))).toBe(false);
  });

  it('kills a program that does not mind SIGTERM after two seconds', async () => {
    const argv = script('trap "" TERM; echo $$ > "$OUT"; while :; do sleep 0.1; done');
    const [result] = await run({ argv, signal: AbortSignal.timeout(300) });
    expect(result).toMatchObject({ failure: { class: 'transient', unclear: true } });
    expect(isRunning(Number(out()))).toBe(false);
  });

  it('does not wait for a grandchild that holds the pipes open', async () => {
    const argv = script('sleep 60 & echo $! > "$OUT"; exit 0');
    expect(await run({ argv })).toMatchObject([{ kind: 'updated' }]);
    process.kill(Number(out()), 'SIGKILL');
  });
});

describe('one program at a time', () => {
  // Does not mind SIGTERM, and writes its address as its last deed.
  const stubborn = script(
    'trap "" TERM; echo "begun $NETDRIFT_ADDRESS $$" >> "$OUT"; while [ -e "$OUT.busy" ]; do sleep 0.02; done; echo "done $NETDRIFT_ADDRESS" >> "$OUT"',
  );
  const lines = (): readonly string[] => (existsSync(join(folder, 'out')) ? out().trim().split('\n') : []);
  const begun = (address: string) => lines().find((line) => line.startsWith(`begun ${address}`));
  const start = (): Sink => {
    writeFileSync(join(folder, 'out.busy'), '');
    const options = command.options.parse({ command: stubborn, env: { OUT: join(folder, 'out') } });
    return command.create({ name: 'mine', options, keys: [] }, components);
  };

  it('an aborted one that still lives never writes over the newer address', async () => {
    const sink = start();
    const controller = new AbortController();
    const first = sink.write(planBlind([HOME]), callOf(noHttp, controller.signal));
    await expect.poll(() => begun('198.51.100.7')).toBeDefined();
    controller.abort(new Error('newer'));
    const second = sink.write(planBlind([target('home.example.org', '198.51.100.8')]), callOf(noHttp));
    // The first could end by itself now, or be killed first: either way it is gone before the second begins.
    rmSync(join(folder, 'out.busy'));
    expect(await first).toMatchObject([{ failure: { unclear: true } }]);
    expect(await second).toMatchObject([{ kind: 'updated' }]);
    const seen = lines().map((line) => line.split(' ').slice(0, 2).join(' '));
    expect(seen.slice(-2)).toEqual(['begun 198.51.100.8', 'done 198.51.100.8']);
    expect(seen.indexOf('begun 198.51.100.8')).toBe(seen.length - 2);
  });

  it('one that waits for its turn is not started once it is given up', async () => {
    const sink = start();
    const first = sink.write(planBlind([HOME]), callOf(noHttp));
    await expect.poll(() => begun('198.51.100.7')).toBeDefined();
    const controller = new AbortController();
    const second = sink.write(
      planBlind([target('home.example.org', '198.51.100.8')]),
      callOf(noHttp, controller.signal),
    );
    controller.abort(new Error('newer'));
    rmSync(join(folder, 'out.busy'));
    expect(await first).toMatchObject([{ kind: 'updated' }]);
    const [result] = await second;
    expect(result).toMatchObject({ failure: { class: 'unreachable' } });
    expect(result).not.toMatchObject({ failure: { unclear: true } });
    expect(begun('198.51.100.8')).toBeUndefined();
  });

  it('none is left when the sink has stopped, whatever it minds', async () => {
    const sink = start();
    const controller = new AbortController();
    const write = sink.write(planBlind([HOME]), callOf(noHttp, controller.signal));
    await expect.poll(() => begun('198.51.100.7')).toBeDefined();
    const pid = Number(begun('198.51.100.7')?.split(' ')[2]);
    controller.abort(new Error('stopped'));
    await sink.stop?.();
    expect(isRunning(pid)).toBe(false);
    expect(await write).toMatchObject([{ failure: { unclear: true } }]);
    expect(lines()).toHaveLength(1);
    await sink.stop?.();
  });
});

describe('the options', () => {
  it.each([
    { command: [] },
    { command: [''] },
    { command: 'a b' },
    { command: ['a'], env: { 'A=B': 'x' } },
    { command: ['a'], shell: true },
  ])('refuse %j', (input) => {
    expect(command.options.safeParse(input).success).toBe(false);
  });
});
