// `Provider` as a process of its own, started inside a namespace by `remote-provider.ts`. One JSON object a line: on stdout `{ port }`
// once and then each exchange; on stdin each line is an order, acknowledged by `{ done }`.
import { createInterface } from 'node:readline';
import { agree, Provider, type Script } from './provider.ts';
import type { Order, ScriptName } from './remote-provider.ts';
import * as scripts from './scripts.ts';

const say = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

const PLAIN: Readonly<Record<string, Script>> = {
  agree,
  page: scripts.page,
  empty: scripts.empty,
  halfBody: scripts.halfBody,
  shortLength: scripts.shortLength,
  longLength: scripts.longLength,
  noHttp: scripts.noHttp,
  reset: scripts.reset,
  hangBeforeHeaders: scripts.hangBeforeHeaders,
  hangAfterHeaders: scripts.hangAfterHeaders,
  slowOctets: scripts.slowOctets,
};

/** `word badauth`, `status 503 Service Unavailable`, `wait 429 5` (seconds), or one of the plain ones. */
function scriptOf(name: ScriptName): Script {
  const [kind = '', ...rest] = name.split(' ');
  if (kind === 'word') return scripts.word(rest.join(' '));
  if (kind === 'status') return scripts.status(rest.join(' '));
  if (kind === 'wait') {
    const [status, seconds] = rest;
    return scripts.status(`${status} Wait`, [`retry-after: ${seconds}`], Number(seconds) * 1_000);
  }
  const plain = PLAIN[kind];
  if (plain === undefined) throw new Error(`no script ${name}`);
  return plain;
}

const provider = await Provider.start(JSON.parse(process.argv[2] ?? '{}'));
provider.exchanges.each((exchange) => say({ exchange }));
say({ port: provider.port });

async function obey(order: Order): Promise<void> {
  if ('script' in order) provider.script = scriptOf(order.script);
  else if ('certificate' in order) {
    provider.certify(order.certificate);
    await provider.close();
    await provider.listen();
  } else if (order.accept) await provider.listen();
  else await provider.close();
}

let turn: Promise<unknown> = Promise.resolve();
createInterface({ input: process.stdin })
  .on('line', (line) => {
    const order = JSON.parse(line) as Order;
    turn = turn.then(() => obey(order)).then(() => say({ done: order }));
  })
  // The test that started it is gone.
  .on('close', () => process.exit(0));
