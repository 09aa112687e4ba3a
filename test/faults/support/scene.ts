import { chmodSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import type { StatusReport } from '../../../src/control/status.ts';
import { Lab } from '../../lab/support/lab.ts';
import { eventually, now } from '../../lab/support/moment.ts';
import type { Namespace } from '../../lab/support/namespace.ts';
import { Netdrift } from '../../lab/support/netdrift.ts';
import { type Event, type Fault, judge, type Truth } from '../judge.ts';
import { dyndns2Rules } from '../rules.ts';
import type { Provider } from './provider.ts';

export const NAME = 'home.example.net';
export const RECORD = `${NAME}/A`;
export const PASSWORD = 'a password of many characters';

type Mapping = Readonly<Record<string, unknown>>;

export interface SceneOptions {
  readonly wrapper?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly namespace?: Namespace;
  /** Before netdrift is there: something of the state folder, for one. */
  readonly config?: (own: Mapping) => Mapping | string;
}

/**
 * A host whose address stands in a file, and what happened to it, for the judge. No network is needed: netdrift reads the file when it
 * gets SIGUSR1. Every sink of `sinks` is one provider with an account of its own.
 */
export class Scene implements AsyncDisposable {
  readonly lab: Lab;
  readonly folder: string;
  readonly truths: Truth[] = [];
  readonly events: Event[] = [];
  #netdrift: Netdrift | undefined;

  private constructor(lab: Lab) {
    this.lab = lab;
    this.folder = lab.folder('scene');
  }

  static async open(): Promise<Scene> {
    return new Scene(await Lab.open());
  }

  get netdrift(): Netdrift {
    if (this.#netdrift === undefined) throw new Error('netdrift has not been started');
    return this.#netdrift;
  }

  get addressFile(): string {
    return path.join(this.folder, 'address');
  }

  /** The configuration of these sinks, and nothing that helps: no timer, no other detector. */
  config(sinks: Mapping, more: Mapping = {}): Mapping {
    return {
      watch: { every: '1h', settle: '20ms' },
      uplinks: { wan: { ipv4: [{ detector: 'file', path: this.addressFile }], allow: ['documentation'] } },
      sinks,
      log: { level: 'debug' },
      ...more,
    };
  }

  start(config: Mapping | string, options: Omit<SceneOptions, 'config'> = {}): Netdrift {
    this.#netdrift = new Netdrift(this.lab, { config, ...options });
    return this.#netdrift;
  }

  /** The host has another address from now on; netdrift is told, unless it is to find out by itself. */
  address(address: string, { tell = true }: { tell?: boolean } = {}): void {
    // As a DHCP hook would do it: the file is never half there.
    const next = `${this.addressFile}.next`;
    writeFileSync(next, `${address}\n`);
    chmodSync(next, 0o644);
    this.truths.push({ at: now(), record: RECORD, values: [address] });
    renameSync(next, this.addressFile);
    if (tell && this.#netdrift?.process.running) this.#netdrift.signal('SIGUSR1');
  }

  happened(kind: Event['kind']): void {
    this.events.push({ at: now(), kind });
  }

  async killAndStart(): Promise<void> {
    await this.netdrift.kill();
    await this.startAgain();
  }

  async stopAndStart(): Promise<void> {
    await this.netdrift.stop();
    await this.startAgain();
  }

  /** Until it takes signals: before, SIGUSR1 means something else to the runtime. */
  async startAgain(): Promise<void> {
    this.happened('restarted');
    const after = this.netdrift.log.mark();
    this.netdrift.start();
    await this.netdrift.line({ event: 'started' }, { after, timeout: 10_000 });
  }

  async status(): Promise<StatusReport> {
    return eventually('status answers', async () => {
      // Its exit status says whether all is well; the report comes either way.
      const { stdout } = await this.netdrift.command('status', '--json');
      return stdout === '' ? undefined : (JSON.parse(stdout) as StatusReport);
    });
  }

  /** The final judge, on one provider. `gap` is the minimum gap in force, in milliseconds. */
  faults(
    provider: Provider,
    { gap = 0, allowedDelay = 1_500 }: { gap?: number; allowedDelay?: number } = {},
  ): readonly Fault[] {
    return judge({
      truths: this.truths,
      exchanges: provider.exchanges.items,
      rules: dyndns2Rules(gap),
      events: this.events,
      allowedDelay,
    });
  }

  /** Waits until the record stands as it is true, then asks the judge. */
  async judged(
    provider: Provider,
    options: { gap?: number; allowedDelay?: number; timeout?: number } = {},
  ): Promise<void> {
    await this.stands(provider, options.timeout);
    expect(this.faults(provider, options)).toEqual([]);
  }

  async stands(provider: Provider, timeout = 10_000): Promise<void> {
    const wanted = this.truths.at(-1)?.values.join();
    await eventually(`${RECORD} becomes ${wanted}`, () => provider.standing(RECORD).join() === wanted, {
      timeout,
    });
  }

  async close(): Promise<void> {
    await this.lab.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A dyndns2 sink at this provider; the gap is off unless the scenario is about it. */
export const sink = (provider: Provider | string, more: Mapping = {}): Mapping => ({
  provider: 'dyndns2',
  server: typeof provider === 'string' ? provider : provider.url,
  insecure_http: true,
  username: 'me',
  password: PASSWORD,
  records: [NAME],
  allow: ['documentation'],
  timeout: '2s',
  minimum_gap: '0s',
  ...more,
});
