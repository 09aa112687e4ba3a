// `Resolver` as a process of its own, started inside a namespace by `remote-resolver.ts`. One JSON object a line: on stdout `{ wrapper }` once;
// on stdin each line is an order, acknowledged by `{ done }`.
import { createInterface } from 'node:readline';
import type { Order, Start } from './remote-resolver.ts';
import { Resolver } from './resolver.ts';

const say = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

const { folder, address } = JSON.parse(process.argv[2] ?? '{}') as Start;
const resolver = await Resolver.start(folder, address);
say({ wrapper: resolver.wrapper });

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const order = JSON.parse(line) as Order;
    resolver.names.set(order.name, order.said);
    say({ done: order });
  })
  // The test that started it is gone.
  .on('close', () => process.exit(0));
