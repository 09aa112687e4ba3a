import { type ChildProcess, spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { Family } from '../../../src/model/family.ts';
import { commandKind } from '../../../src/sources/addresses/command.ts';
import { components, question } from './fixtures.ts';

function detectorFor(script: string, family: Family = 'ipv4', children: ChildProcess[] = []) {
  const options = commandKind.options.parse({ argv: [process.execPath, '-e', script, 'hush'] });
  const watched = ((...parameters: Parameters<typeof spawn>) => {
    const child = spawn(...parameters);
    children.push(child);
    return child;
  }) as typeof spawn;
  const init = { family, options, allow: [], interface: 'eth9' };
  const [detector] = commandKind.create(init, components({ spawn: watched }));
  if (detector === undefined) throw new Error('no detector');
  return detector;
}

const read = (script: string) => detectorFor(script).read(question());

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe.skipIf(process.platform === 'win32')('the command detector', () => {
  it('reads an output that is one address, and keeps the parameters to itself', async () => {
    const via = { detector: 'command', name: process.execPath, operator: 'the operator', seesPath: true };
    const reading = await read('console.log("8.8.4.4")');
    expect(reading).toEqual({ kind: 'known', address: '8.8.4.4', via, why: 'its output' });
  });

  it('takes the word none for absent', async () => {
    expect(await read('console.log("none")')).toMatchObject({ kind: 'absent' });
  });

  it.each([
    ['no output', '', 'its output is empty'],
    ['more than an address', 'console.log("ip 8.8.4.4")', 'its output is not an address: ip 8.8.4.4'],
    ['another family', 'console.log("2a00:1450::1")', 'asked for IPv4 and was told 2a00:1450::1'],
    [
      'an address and a bad exit status',
      'console.log("8.8.4.4"); console.error("no\\nluck"); process.exit(3)',
      'ended with status 3: no luck',
    ],
    ['an end by signal', 'process.kill(process.pid, "SIGKILL")', 'was ended by SIGKILL'],
    [
      'too much output',
      'console.log("8".repeat(5000)); setInterval(() => {}, 1e6)',
      'it wrote more than 4096 octets',
    ],
  ])('refuses %s', async (_, script, why) => {
    expect(await read(script)).toMatchObject({ kind: 'unavailable', why });
  });

  it('says so if the program does not exist or cannot be started', async () => {
    const start = async (argv: readonly string[]) => {
      const [detector] = commandKind.create(
        { family: 'ipv4', options: commandKind.options.parse({ argv }), allow: [] },
        components(),
      );
      return await detector?.read(question());
    };
    expect(await start(['/no/such/program'])).toMatchObject({
      kind: 'unavailable',
      why: 'cannot be started (ENOENT)',
    });
    expect(await start(['true', 'a\0b'])).toMatchObject({
      kind: 'unavailable',
      why: expect.stringMatching(/^cannot be started/),
    });
    expect(commandKind.options.safeParse({ argv: [] }).success).toBe(false);
  });

  it('tells the program family and interface, and nothing of the secrets in the environment', async () => {
    process.env['NETDRIFT_TEST_SECRET'] = 'hush';
    try {
      const script =
        'const e = process.env; console.log(e.NETDRIFT_TEST_SECRET === undefined && e.PATH && e.NETDRIFT_FAMILY === "ipv6"' +
        ' && e.NETDRIFT_INTERFACE === "eth9" ? "2a00:1450::1" : "wrong")';
      const reading = await detectorFor(script, 'ipv6').read(question());
      expect(reading).toMatchObject({ kind: 'known', address: '2a00:1450::1' });
    } finally {
      delete process.env['NETDRIFT_TEST_SECRET'];
    }
  });

  it('ends the program and everything it started when aborted, even if they do not listen', async () => {
    const children: ChildProcess[] = [];
    const controller = new AbortController();
    // The child ignores SIGTERM, and so does the grandchild, whose pid comes on standard output.
    const stubborn = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1e6);';
    const script = `${stubborn} const c = require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(
      `${stubborn} console.log(process.pid)`,
    )}], { stdio: ["ignore", "inherit", "inherit"] });`;
    const reading = detectorFor(script, 'ipv4', children).read(question({ signal: controller.signal }));
    const output = new Promise<Buffer>((resolve) => children[0]?.stdout?.once('data', resolve));
    const grandchild = Number((await output).toString());
    expect(isAlive(grandchild)).toBe(true);
    controller.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
    await gone(children[0]?.pid ?? 0);
    await gone(grandchild);
  });

  it('starts nothing if aborted before', async () => {
    const children: ChildProcess[] = [];
    const signal = AbortSignal.abort(new Error('too late'));
    await expect(detectorFor('', 'ipv4', children).read(question({ signal }))).rejects.toThrow('too late');
    expect(children).toHaveLength(0);
  });
});
