import { Feed } from '../../lab/support/feed.ts';
import type { Lab } from '../../lab/support/lab.ts';
import type { Namespace } from '../../lab/support/namespace.ts';
import type { LabProcess } from '../../lab/support/process.ts';
import { bundledChild } from './bundled-child.ts';
import type { Said } from './resolver.ts';

export interface Start {
  /** For its resolv.conf. */
  readonly folder: string;
  /** Of the namespace; it listens at port 53. */
  readonly address: string;
}

export interface Order {
  readonly name: string;
  readonly said: Said;
}

type Message = { readonly wrapper: readonly string[] } | { readonly done: Order };

/** The resolver inside a namespace, so that there is a network between it and netdrift. */
export class RemoteResolver {
  /** For a program that is to ask this resolver and nobody else. */
  readonly wrapper: readonly string[];
  readonly #process: LabProcess;
  readonly #messages: Feed<Message>;

  private constructor(process: LabProcess, messages: Feed<Message>, wrapper: readonly string[]) {
    this.#process = process;
    this.#messages = messages;
    this.wrapper = wrapper;
  }

  static async start(lab: Lab, namespace: Namespace, address: string): Promise<RemoteResolver> {
    const folder = lab.folder('resolver');
    const program = await bundledChild(folder, 'remote-resolver-child.ts');
    const start: Start = { folder, address };
    const process = namespace.spawn([globalThis.process.execPath, program, JSON.stringify(start)]);
    const messages = new Feed<Message>('messages of the resolver');
    process.lines.each((line) => {
      if (line.from === 'stdout') messages.push(JSON.parse(line.text) as Message);
    });
    const first = await messages.find((message) => 'wrapper' in message, { timeout: 10_000 });
    return new RemoteResolver(process, messages, 'wrapper' in first ? first.wrapper : []);
  }

  /** Says so of a name from now on; resolves when the resolver knows. */
  async says(name: string, said: Said): Promise<void> {
    const after = this.#messages.mark();
    const order: Order = { name, said };
    this.#process.child.stdin?.write(`${JSON.stringify(order)}\n`);
    await this.#messages.find((message) => 'done' in message, { after });
  }
}
