import path from 'node:path';
import * as esbuild from 'esbuild';
import { Feed } from '../../test/lab/support/feed.ts';
import type { Lab } from '../../test/lab/support/lab.ts';
import type { Namespace } from '../../test/lab/support/namespace.ts';
import type { LabProcess } from '../../test/lab/support/process.ts';

export interface ProviderOptions {
  /** Milliseconds that each answer takes. */
  readonly delay?: number;
  /** Addresses of its namespace at which it is a name server that knows `hosts` and nothing else. */
  readonly nameServers?: readonly string[];
  /** IPv4 addresses by name. */
  readonly hosts?: Readonly<Record<string, string>>;
}

/** As a service should behave, or in one of the ways in which it fails. */
export type Conduct = 'well' | 'never answers' | 'answers 503' | 'answers no question for a name';

/** One update request. */
export interface Update {
  /** When its head was read, as `now()` gives it. */
  readonly at: number;
  readonly names: readonly string[];
  /** As sent; empty if none was. */
  readonly address: string;
  /** Counts the connections from 1. */
  readonly connection: number;
  /** False if it came while the provider did not answer or answered with an error. */
  readonly accepted: boolean;
}

export type Said =
  | { readonly port: number }
  | { readonly request: Update }
  | { readonly refused: string }
  | { readonly conduct: Conduct };

/** A dyndns2 service in a namespace that agrees to everything and takes down every request. */
export class Provider {
  readonly updates = new Feed<Update>('updates at the provider');
  /** Requests that it could not even read, and why. */
  readonly refusals = new Feed<string>('requests the provider could not read');
  readonly port: number;
  readonly #process: LabProcess;
  readonly #said: Feed<Said>;

  private constructor(process: LabProcess, said: Feed<Said>, port: number) {
    this.#process = process;
    this.#said = said;
    this.port = port;
    said.each((one) => {
      if ('request' in one) this.updates.push(one.request);
      if ('refused' in one) this.refusals.push(one.refused);
    });
  }

  static async start(lab: Lab, namespace: Namespace, options: ProviderOptions = {}): Promise<Provider> {
    const program = path.join(lab.folder('provider'), 'provider.mjs');
    await esbuild.build({
      entryPoints: [path.join(import.meta.dirname, 'provider-child.ts')],
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
      // dns-packet is of the older kind of modules.
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(process.argv[1]);",
      },
      logLevel: 'warning',
    });
    const process_ = namespace.spawn([process.execPath, program, JSON.stringify(options)]);
    const said = new Feed<Said>('messages of the provider');
    process_.lines.each(({ text, from }) => {
      if (from === 'stdout') said.push(JSON.parse(text) as Said);
    });
    const first = await said.find((one) => 'port' in one);
    return new Provider(process_, said, 'port' in first ? first.port : 0);
  }

  /** From now on it does so. What came while it did not answer is not answered later either. */
  async behave(conduct: Conduct): Promise<void> {
    const after = this.#said.mark();
    this.#process.child.stdin?.write(`${JSON.stringify({ conduct })}\n`);
    await this.#said.find((one) => 'conduct' in one, { after });
  }
}
