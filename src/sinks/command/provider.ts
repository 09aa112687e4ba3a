import * as z from 'zod';
import { matching, secret } from '../../config/schema-types.ts';
import type { Secret } from '../../config/secret.ts';
import { familyOfType } from '../../model/family.ts';
import type { Failure } from '../../model/outcome.ts';
import { cleanWords } from '../../net/http-words.ts';
import { createLimit } from '../../net/limit.ts';
import type { Call, Change, Provider, Sink, SinkComponents, SinkInit, WriteResult } from '../contract.ts';
import { sendAll } from '../send-all.ts';
import { type ChildEnd, runChild } from './child.ts';

export interface CommandOptions {
  readonly command: [string, ...string[]];
  readonly env: Readonly<Record<string, Secret>>;
}

const VARIABLE = matching(
  /^[A-Za-z_][A-Za-z0-9_]*$/,
  'is not a variable name',
  'use letters, digits and _, beginning with a letter or _',
);

const options: z.ZodType<CommandOptions> = z.strictObject({
  command: z
    .tuple([z.string().min(1)], z.string())
    .meta({ description: 'Program and arguments, one text each; no shell reads them.' }),
  env: z
    .record(VARIABLE, secret())
    .default({})
    .meta({ description: 'Environment variables of your own, beside NETDRIFT_* and PATH.' }),
});

/**
 * A program of the operator's own, run once for each record, one after the other. It is told what to do in NETDRIFT_*
 * variables and as JSON on stdin; its exit status is its answer (sysexits.h): 0 done, 75 try again, 77 not allowed, 78 wrongly
 * set up, everything else: failed, try again.
 */
export const command: Provider<CommandOptions> = {
  name: 'command',
  title: 'A program of your own',
  documentation: 'https://man.freebsd.org/cgi/man.cgi?query=sysexits',
  credentials: 'Whatever the program wants; give keys under env, by reference.',
  options,
  traits: {
    bindable: false,
    batch: Number.POSITIVE_INFINITY,
    multiple: true,
    creates: true,
    families: 'separate',
    minimumGap: 0,
  },
  example: ['provider: command', 'command: [/usr/local/bin/publish, --zone, example.org]', ''].join('\n'),
  create: createCommand,
};

/** What a program can hardly do without; nothing else of our environment is passed on, since it may hold secrets. */
const PASSED_ON = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'SystemRoot', 'TEMP'] as const;

/** Milliseconds that a program has at the end, between SIGTERM and SIGKILL: netdrift itself is to be gone within 5 s. */
const LAST_GRACE = 500;

function createCommand(init: SinkInit<CommandOptions>, { spawn }: SinkComponents): Sink {
  const secrets = Object.values(init.options.env);
  const killing = new AbortController();
  // One program at a time, however it is called: one that was given up may take its time to end, and must not write its address over
  // the newer one.
  const limit = createLimit(1);

  const send = async (change: Change, call: Call): Promise<readonly WriteResult[]> => {
    const { key } = change.target;
    if (call.signal.aborted || killing.signal.aborted) {
      const message = 'given up before the command was started';
      return [{ key, kind: 'failed', failure: { class: 'unreachable', scope: 'sink', message } }];
    }
    const request = {
      command: init.options.command,
      environment: environmentOf(change, init),
      input: `${JSON.stringify(descriptionOf(change, init.name))}\n`,
    };
    const end = await runChild(request, spawn, { stop: call.signal, kill: killing.signal });
    const failure = judge(end, secrets);
    return [failure === undefined ? { key, kind: 'updated' } : { key, kind: 'failed', failure }];
  };

  return {
    write: (changes, call) => {
      const jobs = changes.map((change) => ({ keys: [change.target.key], change }));
      return sendAll(jobs, 1, ({ change }) => limit(() => send(change, call)));
    },
    // The calls have been aborted by now, so that whatever runs has had its SIGTERM.
    stop: async () => {
      const killer = setTimeout(() => killing.abort(), LAST_GRACE);
      // Its turn comes when the last one has ended.
      await limit(async () => {});
      clearTimeout(killer);
    },
  };
}

/** The JSON on stdin: `action` is `set` or `clear`; `addresses` is empty with `clear`. */
function descriptionOf({ target }: Change, sink: string): object {
  const { name, type } = target.key;
  const action = target.addresses.length > 0 ? 'set' : 'clear';
  return {
    action,
    sink,
    name,
    type,
    family: familyOfType(type),
    addresses: target.addresses,
    ttl: target.ttl,
  };
}

function environmentOf(change: Change, init: SinkInit<CommandOptions>): Record<string, string> {
  const { key, addresses, ttl } = change.target;
  const environment: Record<string, string> = {};
  for (const name of PASSED_ON) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  for (const [name, value] of Object.entries(init.options.env)) environment[name] = value.reveal();
  return {
    ...environment,
    NETDRIFT_ACTION: addresses.length > 0 ? 'set' : 'clear',
    NETDRIFT_SINK: init.name,
    NETDRIFT_NAME: key.name,
    NETDRIFT_TYPE: key.type,
    NETDRIFT_FAMILY: familyOfType(key.type),
    NETDRIFT_ADDRESS: addresses[0] ?? '',
    NETDRIFT_ADDRESSES: addresses.join(','),
    NETDRIFT_TTL: ttl === undefined ? '' : String(ttl),
  };
}

/** EX_TEMPFAIL, EX_NOPERM and EX_CONFIG of sysexits.h: the program says itself that it has done nothing. */
const EXIT_CODES: Readonly<Record<number, Pick<Failure, 'class' | 'scope'> & { readonly means: string }>> = {
  75: { class: 'transient', scope: 'record', means: 'a temporary failure' },
  77: { class: 'credentials', scope: 'sink', means: 'not permitted' },
  78: { class: 'invalid', scope: 'sink', means: 'a configuration error' },
};

// These do not pass by themselves; a shortage of processes or memory does.
const NEVER_STARTS: ReadonlySet<string> = new Set([
  'ENOENT',
  'EACCES',
  'ENOEXEC',
  'ENOTDIR',
  'ELOOP',
  'E2BIG',
]);

function judge(end: ChildEnd, secrets: readonly Secret[]): Failure | undefined {
  switch (end.kind) {
    case 'exited': {
      if (end.code === 0) return undefined;
      const known = EXIT_CODES[end.code];
      const said = lastWords(end.errors, secrets);
      if (known === undefined) return unclear(`the command failed with status ${end.code}${said}`);
      const message = `the command ended with status ${end.code}: ${known.means}${said}`;
      return { class: known.class, scope: known.scope, message };
    }
    case 'killed':
      return unclear(`the command was ended by ${end.signal}${lastWords(end.errors, secrets)}`);
    case 'stopped': {
      const why = end.deadline ? 'the command did not end in time' : 'given up while the command ran';
      return { ...unclear(`${why}${lastWords(end.errors, secrets)}`), scope: 'sink' };
    }
    case 'unstartable': {
      const message = `the command could not be started (${end.code})`;
      return { class: NEVER_STARTS.has(end.code) ? 'invalid' : 'transient', scope: 'sink', message };
    }
    default:
      return end satisfies never;
  }
}

function unclear(message: string): Failure {
  return { class: 'transient', scope: 'record', message, unclear: true };
}

/** The last three lines of stderr: programs say what was wrong at the end. */
function lastWords(errors: string, secrets: readonly Secret[]): string {
  const lines = errors.split('\n').filter((line) => line.trim() !== '');
  const words = cleanWords(lines.slice(-3).join(' / '), secrets);
  return words === '' ? '' : ` (${words})`;
}
