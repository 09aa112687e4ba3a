import path from 'node:path';
import * as esbuild from 'esbuild';
import { Feed } from './feed.ts';
import type { Lab } from './lab.ts';
import type { Namespace } from './namespace.ts';
import type { LabProcess } from './process.ts';
import type { Recorded, RecordingServerOptions, Reply } from './recording-server.ts';

type Message = { readonly port: number } | { readonly request: Recorded } | { readonly reply: Reply };

/** A recording HTTP server inside a namespace: dyndns2 service, address service, webhook receiver, or a broken one. */
export class Recorder {
  readonly requests = new Feed<Recorded>('requests of the recording server');
  readonly process: LabProcess;
  readonly #messages = new Feed<Message>('messages of the recording server');

  private constructor(process: LabProcess) {
    this.process = process;
    process.lines.each((line) => {
      if (line.from === 'stdout') this.#take(JSON.parse(line.text) as Message);
    });
  }

  /** Listens on all addresses of the namespace unless told otherwise. */
  static async start(
    lab: Lab,
    namespace: Namespace,
    options: Omit<RecordingServerOptions, 'onRequest'> = {},
  ): Promise<Recorder> {
    const program = path.join(lab.folder('recorder'), 'recorder.mjs');
    await esbuild.build({
      entryPoints: [path.join(import.meta.dirname, 'recorder-child.ts')],
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'warning',
    });
    const words = JSON.stringify({ address: '::', ...options });
    const recorder = new Recorder(namespace.spawn([process.execPath, program, words]));
    await recorder.#messages.find((message) => 'port' in message);
    return recorder;
  }

  get port(): number {
    for (const message of this.#messages.items) if ('port' in message) return message.port;
    throw new Error('the recording server has not said its port');
  }

  /** Answers so from now on; resolves when the server knows. Requests that wait already keep the old answer. */
  async reply(reply: Reply): Promise<void> {
    const after = this.#messages.mark();
    this.process.child.stdin?.write(`${JSON.stringify(reply)}\n`);
    await this.#messages.find((message) => 'reply' in message, { after });
  }

  #take(message: Message): void {
    this.#messages.push(message);
    if ('request' in message) this.requests.push(message.request);
  }
}
