import { Feed } from '../../lab/support/feed.ts';
import type { Lab } from '../../lab/support/lab.ts';
import type { Namespace } from '../../lab/support/namespace.ts';
import type { LabProcess } from '../../lab/support/process.ts';
import type { Exchange } from '../judge.ts';
import { bundledChild } from './bundled-child.ts';
import type { Certificate } from './certificates.ts';

/** As `remote-provider-child.ts` reads it: `agree`, `word 911`, `status 500 Broken`, `wait 429 5`, `reset` ... */
export type ScriptName = string;

export type Order =
  | { readonly script: ScriptName }
  | { readonly accept: boolean }
  | { readonly certificate: Certificate };

type Message = { readonly port: number } | { readonly exchange: Exchange } | { readonly done: Order };

/** The scripted provider inside a namespace, so that there is a network between it and netdrift. */
export class RemoteProvider {
  /** One for each record: a request for both families is two. */
  readonly exchanges = new Feed<Exchange>('requests of the provider');
  readonly process: LabProcess;
  readonly #messages = new Feed<Message>('messages of the provider');

  private constructor(process: LabProcess) {
    this.process = process;
    process.lines.each((line) => {
      if (line.from === 'stdout') this.#take(JSON.parse(line.text) as Message);
    });
  }

  /** Listens on all addresses of the namespace; with a certificate it speaks TLS. */
  static async start(
    lab: Lab,
    namespace: Namespace,
    port: number,
    tls?: Certificate,
  ): Promise<RemoteProvider> {
    const program = await bundledChild(lab.folder('provider'), 'remote-provider-child.ts');
    const words = JSON.stringify({ address: '::', port, ...(tls && { tls }) });
    const provider = new RemoteProvider(namespace.spawn([process.execPath, program, words]));
    await provider.#messages.find((message) => 'port' in message, { timeout: 10_000 });
    return provider;
  }

  /** Answers so from now on; resolves when the provider knows. */
  script(name: ScriptName): Promise<void> {
    return this.#order({ script: name });
  }

  /** Takes connections, or refuses them and cuts those there are. */
  accept(accept: boolean): Promise<void> {
    return this.#order({ accept });
  }

  /** Shows another certificate from now on; the connections there are, are cut. */
  certify(certificate: Certificate): Promise<void> {
    return this.#order({ certificate });
  }

  /** What the provider has in force for a record. */
  standing(record: string): readonly string[] {
    return this.exchanges.items.findLast((one) => one.record === record && one.taken)?.asked ?? [];
  }

  async #order(order: Order): Promise<void> {
    const after = this.#messages.mark();
    this.process.child.stdin?.write(`${JSON.stringify(order)}\n`);
    await this.#messages.find((message) => 'done' in message, { after });
  }

  #take(message: Message): void {
    this.#messages.push(message);
    if (!('exchange' in message)) return;
    for (const exchange of byRecord(message.exchange)) this.exchanges.push(exchange);
  }
}

/** One answer for both families is one answer: what it forbids counts from the last of them on. */
function byRecord(exchange: Exchange): readonly Exchange[] {
  const { wait, ...shared } = exchange;
  const name = exchange.record.slice(0, exchange.record.lastIndexOf('/'));
  const parts = [
    { record: `${name}/A`, asked: exchange.asked.filter(isIpv4) },
    { record: `${name}/AAAA`, asked: exchange.asked.filter((one) => !isIpv4(one)) },
  ].filter(({ asked }) => asked.length > 0);
  return parts.map((part, index) => {
    if (index === parts.length - 1) return { ...exchange, ...part };
    return { ...shared, ...part, ...(exchange.taken ? {} : { said: 'the same answer' }) };
  });
}

const isIpv4 = (address: string): boolean => !address.includes(':');
