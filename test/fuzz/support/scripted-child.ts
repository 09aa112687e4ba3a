import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import type { Spawn } from '../../../src/model/spawn.ts';
import { hostileOctets } from './mutate.ts';

/** What a child writes, piece by piece, and how it ends. */
export interface Script {
  readonly stdout: readonly Uint8Array[];
  readonly stderr: readonly Uint8Array[];
  readonly code: number;
}

const octetsOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));

/** Scripts after these outputs; pieces may end in the middle of a character. */
export const hostileScript = (
  outputs: readonly string[],
  complaints: readonly string[] = ['no luck\n'],
): fc.Arbitrary<Script> =>
  fc.record({
    stdout: fc.array(hostileOctets(outputs.map(octetsOf)), { maxLength: 3 }),
    stderr: fc.array(hostileOctets(complaints.map(octetsOf)), { maxLength: 2 }),
    code: fc.constantFrom(0, 0, 0, 1, 75, 77, 78, 255),
  });

/** Starts nothing: the child has no pid, so nobody can be sent a signal in its place. */
export function scripted({ stdout, stderr, code }: Script): Spawn {
  const start = (): EventEmitter => {
    const pipes = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
    const child = Object.assign(new EventEmitter(), pipes, {
      exitCode: null as number | null,
      signalCode: null,
      kill: () => true,
    });
    pipes.stdin.resume();
    for (const piece of stdout) pipes.stdout.write(piece);
    for (const piece of stderr) pipes.stderr.write(piece);
    pipes.stdout.end();
    pipes.stderr.end();
    // After what is in the pipes has been read.
    setImmediate(() => {
      child.exitCode = code;
      child.emit('exit', code, null);
      child.emit('close', code, null);
    });
    return child;
  };
  return start as unknown as Spawn;
}
