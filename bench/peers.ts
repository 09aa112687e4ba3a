import { now, pause } from '../test/lab/support/moment.ts';
import { missing } from '../test/lab/support/needs.ts';
import type { Client } from './peers/client.ts';
import { coldStart } from './peers/cold-start.ts';
import { ddclient } from './peers/ddclient.ts';
import { fanOut } from './peers/fan-out.ts';
import { flapping } from './peers/flapping.ts';
import { idle } from './peers/idle.ts';
import { inadyn } from './peers/inadyn.ts';
import type { Cell, Measure, Options } from './peers/measure.ts';
import { netdrift } from './peers/netdrift.ts';
import { outages } from './peers/outage.ts';
import { Place } from './peers/place.ts';
import { atDefaults, atShortest } from './peers/reaction.ts';
import type { Comparison } from './peers/report.ts';

const CLIENTS: readonly Client[] = [netdrift, ddclient, inadyn];
const MEASURES: readonly Measure[] = [
  atDefaults,
  atShortest,
  coldStart,
  ...fanOut,
  idle,
  ...outages,
  flapping,
];

/** Milliseconds between the beginnings of what waits at the same time: its ends, which are what is measured, are as far apart. */
const APART = 1_500;

export const PEER_MEASURES: readonly string[] = [...new Set(MEASURES.map(({ name }) => name))];

export interface PeersOptions extends Options {
  /** Some of `PEER_MEASURES`; empty takes all. */
  readonly only: readonly string[];
  /** Processor and memory, in words. */
  readonly machine: string;
  /** Told what goes on, a line at a time. */
  readonly progress: (line: string) => void;
}

/**
 * The same work for netdrift, ddclient and inadyn, each in network namespaces of its own, against the same provider. What fails is
 * in the table as not measured, with the reason; it does not end the run.
 * @throws Error if namespaces cannot be made here.
 */
export async function comparePeers({ full, only, machine, progress }: PeersOptions): Promise<Comparison> {
  const why = missing();
  if (why !== undefined) throw new Error(`peers cannot be compared here: ${why}`);
  // Each place closes itself at the end of the process, should it come early; there are many.
  process.setMaxListeners(100);
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      progress(`ended by ${signal}`);
      process.exit(130);
    });

  const present = CLIENTS.flatMap((client) => {
    const version = client.version();
    if (version === undefined) progress(`${client.name}: not installed, left out`);
    return version === undefined ? [] : [{ client, version }];
  });
  const measures = MEASURES.filter(({ name }) => only.length === 0 || only.includes(name));
  const results = new Map<Measure, Map<Client, readonly Cell[]>>();
  const take = ({ measure, client }: Work, cells: readonly Cell[]): void => {
    const known = results.get(measure) ?? new Map<Client, readonly Cell[]>();
    results.set(measure, known.set(client, cells));
    for (const [index, cell] of cells.entries())
      progress(`${client.name}: ${measure.rows[index]?.title}: ${cell.text}`);
  };
  /** Opens a place, and answers what is to be done there. */
  const open = async (work: Work): Promise<() => Promise<void>> => {
    const { measure, client } = work;
    const fail = (error: unknown): void => take(work, failed(measure, error));
    try {
      const place = await Place.open(client, measure.place(client));
      return async () => {
        await measure.run(client, place, { full }).then((cells) => take(work, cells), fail);
        await place.close();
      };
    } catch (error) {
      fail(error);
      return async () => {};
    }
  };

  const waiting: Work[] = [];
  for (const measure of measures) {
    for (const { client } of present) {
      const work = { measure, client };
      const known = measure.known?.(client, { full });
      if (known !== undefined) take(work, known);
      else if (measure.alone(client)) await (await open(work))();
      else waiting.push(work);
    }
  }
  progress(`now all that waits, at the same time: ${waiting.length}`);
  // No place is built while a client is measured in another one.
  const begins: Array<() => Promise<void>> = [];
  for (const work of waiting) begins.push(await open(work));
  const first = now();
  await Promise.all(
    begins.map(async (begin, index) => {
      await pause(first + index * APART - now());
      await begin();
    }),
  );

  const rows = measures.flatMap((measure) =>
    measure.rows.map((title, index) => ({
      ...title,
      cells: present.map(({ client }) => results.get(measure)?.get(client)?.[index] ?? LOST),
    })),
  );
  const columns = present.map(({ client: { name, intervalSource }, version }) => ({
    name,
    version,
    intervalSource,
  }));
  return { date: new Date().toISOString().slice(0, 10), machine, full, columns, rows };
}

interface Work {
  readonly measure: Measure;
  readonly client: Client;
}

const LOST: Cell = { how: 'not measured', text: 'no result' };

function failed(measure: Measure, error: unknown): readonly Cell[] {
  const text = (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
  return measure.rows.map(() => ({ how: 'not measured', text: text.slice(0, 200) }));
}
