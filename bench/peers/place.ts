import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Lab } from '../../test/lab/support/lab.ts';
import { now, pause } from '../../test/lab/support/moment.ts';
import { type PlainNetwork, plainNetwork } from '../../test/lab/support/networks.ts';
import type { LabProcess } from '../../test/lab/support/process.ts';
import { type Client, namesOf, type Pace, WIDE_PATH } from './client.ts';
import { Provider, type Update } from './provider.ts';

/** Beyond the gateway, so that a lost default route is felt. */
const PROVIDER = '203.0.113.1';
const NAME_SERVER = '203.0.113.53';
const PROVIDER_NAME = 'provider.example.net';

export interface PlaceOptions {
  readonly pace: Pace;
  /** Milliseconds that each answer of the provider takes. */
  readonly delay?: number;
  /** How many names to publish; default 1. */
  readonly names?: number;
  /** The client is given the provider's name, and a name server that knows it, instead of the address. */
  readonly byName?: boolean;
}

/**
 * A host that owns its address, a provider beyond its gateway that takes down every request, and one client that is to keep the names
 * of the host there. The same for each client; nothing is shared between two places.
 */
export class Place {
  readonly lab: Lab;
  readonly network: PlainNetwork;
  readonly provider: Provider;
  readonly #stateFolder: string;
  readonly #wrapper: readonly string[];
  readonly #command: readonly string[];
  #process: LabProcess | undefined;
  #address: string;
  #changes = 0;

  private constructor(
    lab: Lab,
    network: PlainNetwork,
    provider: Provider,
    client: Client,
    options: PlaceOptions,
  ) {
    this.lab = lab;
    this.network = network;
    this.provider = provider;
    this.#address = network.address;
    const folder = lab.folder(client.name);
    this.#stateFolder = path.join(folder, 'state');
    mkdirSync(this.#stateFolder, { mode: 0o700 });
    this.#wrapper = options.byName === true ? resolvingBy(NAME_SERVER, folder) : [];
    this.#command = client.prepare({
      names: namesOf(options.names ?? 1),
      pace: options.pace,
      provider: `${options.byName === true ? PROVIDER_NAME : PROVIDER}:${provider.port}`,
      folder,
      stateFolder: this.#stateFolder,
    });
  }

  static async open(client: Client, options: PlaceOptions): Promise<Place> {
    const lab = await Lab.open();
    try {
      const network = await plainNetwork(lab);
      await network.outside.addAddress('lo', `${PROVIDER}/32`);
      // A client that asks for a name (inadyn does, for each) is told at once that there is none: no server would cost it 10 s.
      const servers = [...new Set([...nameServers(), NAME_SERVER])];
      for (const server of servers) await network.outside.addAddress('lo', `${server}/32`);
      const provider = await Provider.start(lab, network.outside, {
        ...options,
        nameServers: servers,
        hosts: { [PROVIDER_NAME]: PROVIDER },
      });
      return new Place(lab, network, provider, client, options);
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  get address(): string {
    return this.#address;
  }

  get process(): LabProcess {
    if (this.#process === undefined) throw new Error('the client has not been started');
    return this.#process;
  }

  /** Starts the client; answers when, as `now()` gives it. */
  start(): number {
    const at = now();
    const command = [...this.#wrapper, ...this.#command];
    this.#process = this.network.host.spawn(command, { env: { ...WIDE_PATH, http_proxy: '' } });
    return at;
  }

  /** Ends the client and deletes all it remembers. */
  async forget(): Promise<void> {
    await this.#process?.kill();
    rmSync(this.#stateFolder, { recursive: true, force: true });
    mkdirSync(this.#stateFolder, { mode: 0o700 });
  }

  /** Gives the host another address, which it has not had within the last 200; answers when it began to. */
  async change(): Promise<number> {
    this.#changes += 1;
    const next = `198.51.100.${20 + (this.#changes % 200)}`;
    const at = now();
    await this.network.host.replaceAddress('eth0', `${this.#address}/24`, `${next}/24`);
    this.#address = next;
    return at;
  }

  /** The first request that publishes what is the host's address now and is accepted, of those from `since` on. */
  published(since: number, timeout: number): Promise<Update> {
    const wanted = this.#address;
    return this.provider.updates.find(
      ({ at, address, accepted }) => accepted && at >= since && address === wanted,
      { timeout },
    );
  }

  /** Starts the client and waits for its first publication. */
  async settle(timeout = 30_000): Promise<Update> {
    const update = await this.published(this.start(), timeout);
    // Time for the answer, and for the client to write it down.
    await pause(1_000);
    return update;
  }

  close(): Promise<void> {
    return this.lab.close();
  }
}

/** Runs a program so that it knows this name server and no other. `ip netns exec` has given it a mount namespace of its own. */
function resolvingBy(server: string, folder: string): readonly string[] {
  const file = path.join(folder, 'resolv.conf');
  writeFileSync(file, `nameserver ${server}\n`);
  return ['sh', '-c', 'mount --bind "$0" /etc/resolv.conf && exec "$@"', file];
}

/** IPv4 name servers of this machine that are not on its loopback device. */
function nameServers(): readonly string[] {
  const text = readFileSync('/etc/resolv.conf', 'utf8');
  const found = [...text.matchAll(/^\s*nameserver\s+(\d+\.\d+\.\d+\.\d+)/gm)].map(
    ([, server = '']) => server,
  );
  return [...new Set(found)].filter((server) => !server.startsWith('127.'));
}
