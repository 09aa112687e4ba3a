import { expect } from 'vitest';
import { Lab } from '../../lab/support/lab.ts';
import { eventually, now } from '../../lab/support/moment.ts';
import type { Namespace } from '../../lab/support/namespace.ts';
import { Netdrift, type NetdriftOptions } from '../../lab/support/netdrift.ts';
import { type HomeNetwork, homeNetwork } from '../../lab/support/networks.ts';
import { type Event, type Fault, judge, type Truth } from '../judge.ts';
import { dyndns2Rules } from '../rules.ts';
import { RemoteProvider } from './remote-provider.ts';

type Mapping = Readonly<Record<string, unknown>>;

export const NAME = 'home.example.net';
export const A = `${NAME}/A`;
export const AAAA = `${NAME}/AAAA`;
export const PORT = 8_080;

/** Of the host, and its gateway; the provider is beyond the router at `SERVER`. */
export const FIRST = '198.51.100.10';
export const GATEWAY = '198.51.100.1';
export const SERVER = '203.0.113.1';
export const FIRST_V6 = '2001:db8:1::10';
export const GATEWAY_V6 = '2001:db8:1::1';

const LENGTH = { v4: 24, v6: 64 } as const;

export interface JudgeOptions {
  /** The minimum gap in force, in milliseconds. */
  readonly gap?: number;
  readonly allowedDelay?: number;
}

/** What has happened to the host and what its provider has seen, for the judge. */
export class History {
  readonly truths: Truth[] = [];
  readonly events: Event[] = [];

  isTrue(record: string, address: string): void {
    this.truths.push({ at: now(), record, values: [address] });
  }

  happened(kind: Event['kind']): void {
    this.events.push({ at: now(), kind });
  }

  wanted(record: string): string {
    return this.truths.findLast((truth) => truth.record === record)?.values.join() ?? '';
  }

  faults(provider: RemoteProvider, { gap = 0, allowedDelay = 1_500 }: JudgeOptions = {}): readonly Fault[] {
    return judge({
      truths: this.truths,
      exchanges: provider.exchanges.items,
      rules: dyndns2Rules(gap),
      events: this.events,
      allowedDelay,
    });
  }

  /** Until the provider has what is true. */
  stands(provider: RemoteProvider, record: string, timeout = 10_000): Promise<unknown> {
    const wanted = this.wanted(record);
    return eventually(`${record} becomes ${wanted}`, () => provider.standing(record).join() === wanted, {
      timeout,
    });
  }

  /** Waits until every record stands as it is true, then asks the judge. */
  async judged(provider: RemoteProvider, options: JudgeOptions & { timeout?: number } = {}): Promise<void> {
    for (const record of new Set(this.truths.map((truth) => truth.record))) {
      await this.stands(provider, record, options.timeout);
    }
    expect(this.faults(provider, options)).toEqual([]);
  }
}

/** What a router can do to those behind it, without their seeing an event. */
export class Upstream {
  readonly #router: Namespace;

  constructor(router: Namespace) {
    this.#router = router;
  }

  /** Nothing passes: silently, or with an error message of ICMP. */
  async cut(how: 'drop' | 'reject' = 'drop'): Promise<void> {
    await this.#router.nft(`
      table inet outage {
        chain passing {
          type filter hook forward priority 0
          ${how}
        }
      }`);
  }

  async mend(): Promise<void> {
    await this.#router.nft('delete table inet outage');
  }

  /** Every connection to these ports ends at the router itself, at `to`. */
  async capture(ports: readonly number[], to: number): Promise<void> {
    await this.#router.nft(`
      table ip portal {
        chain caught {
          type nat hook prerouting priority -150
          iifname "lan" tcp dport { ${ports.join(', ')} } redirect to :${to}
        }
      }`);
  }

  async release(): Promise<void> {
    await this.#router.nft('delete table ip portal');
  }
}

/** A host that owns its addresses of both families, behind a router that only forwards, and a provider beyond. */
export class Field extends History implements AsyncDisposable {
  readonly upstream: Upstream;
  readonly #current = { v4: FIRST, v6: FIRST_V6 };
  #netdrift: Netdrift | undefined;

  private constructor(
    readonly lab: Lab,
    readonly host: Namespace,
    readonly router: Namespace,
    readonly outside: Namespace,
    readonly provider: RemoteProvider,
  ) {
    super();
    this.upstream = new Upstream(router);
  }

  static async open(): Promise<Field> {
    const lab = await Lab.open();
    try {
      const host = await lab.namespace('host');
      const router = await lab.namespace('router');
      const outside = await lab.namespace('outside');
      await lab.cable({ namespace: host, device: 'eth0' }, { namespace: router, device: 'lan' });
      await lab.cable({ namespace: router, device: 'wan' }, { namespace: outside, device: 'eth0' });
      await router.forward();
      await router.addAddress('lan', `${GATEWAY}/24`);
      await router.addAddress('lan', `${GATEWAY_V6}/64`);
      await router.addAddress('wan', '203.0.113.2/24');
      await router.addAddress('wan', '2001:db8:2::2/64');
      await outside.addAddress('eth0', `${SERVER}/24`);
      await outside.addAddress('eth0', '2001:db8:2::1/64');
      await outside.defaultRoute('203.0.113.2');
      await outside.defaultRoute('2001:db8:2::2');
      // Else the kernel waits two seconds and more for duplicates each time the link comes up.
      await host.sysctl('net.ipv6.conf.eth0.accept_dad', '0');
      await host.sysctl('net.ipv6.conf.eth0.keep_addr_on_down', '1');
      await host.addAddress('eth0', `${FIRST}/24`);
      await host.addAddress('eth0', `${FIRST_V6}/64`);
      const provider = await RemoteProvider.start(lab, outside, PORT);
      const field = new Field(lab, host, router, outside, provider);
      await field.routes();
      return field;
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  get netdrift(): Netdrift {
    if (this.#netdrift === undefined) throw new Error('netdrift has not been started');
    return this.#netdrift;
  }

  address(family: 'v4' | 'v6' = 'v4'): string {
    return this.#current[family];
  }

  /** The defaults, but for documentation addresses; only events can help, no timer. */
  config(
    more: { families?: readonly ('v4' | 'v6')[]; watch?: Mapping; sink?: Mapping; rest?: Mapping } = {},
  ): Mapping {
    const { families = ['v4'] } = more;
    const wan = {
      ...(families.includes('v4') ? { ipv4: ['interface'] } : {}),
      ...(families.includes('v6') ? { ipv6: ['interface'] } : {}),
      allow: ['documentation'],
    };
    return {
      watch: { every: '1h', ...more.watch },
      uplinks: { wan },
      sinks: { dyn: sink(SERVER, more.sink) },
      log: { level: 'debug' },
      ...more.rest,
    };
  }

  start(config: Mapping = this.config(), options: Partial<NetdriftOptions> = {}): Netdrift {
    this.isTrue(A, this.#current.v4);
    if (JSON.stringify(config).includes('"ipv6"')) this.isTrue(AAAA, this.#current.v6);
    this.#netdrift = new Netdrift(this.lab, { namespace: this.host, config, ...options });
    return this.#netdrift;
  }

  /** The default routes of both families, as after a lease. */
  async routes(): Promise<void> {
    await this.host.defaultRoute(GATEWAY, { device: 'eth0' });
    await this.host.defaultRoute(GATEWAY_V6, { device: 'eth0' });
  }

  /** The host has another address from now on, and no longer the one before. */
  async change(to: string): Promise<void> {
    const family = to.includes(':') ? 'v6' : 'v4';
    const from = this.#current[family];
    this.#current[family] = to;
    this.isTrue(family === 'v4' ? A : AAAA, to);
    await this.host.replaceAddress('eth0', `${from}/${LENGTH[family]}`, `${to}/${LENGTH[family]}`);
  }

  async cableOut(): Promise<void> {
    await this.host.link('eth0', 'down');
  }

  async cableIn(): Promise<void> {
    await this.host.link('eth0', 'up');
    await this.routes();
  }

  async close(): Promise<void> {
    await this.lab.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** The same behind a masquerading router: nothing on the host changes when the outside address does. */
export class Home extends History implements AsyncDisposable {
  readonly upstream: Upstream;
  #netdrift: Netdrift | undefined;

  private constructor(
    readonly lab: Lab,
    readonly network: HomeNetwork,
    readonly provider: RemoteProvider,
  ) {
    super();
    this.upstream = new Upstream(network.router);
  }

  static async open(): Promise<Home> {
    const lab = await Lab.open();
    try {
      const network = await homeNetwork(lab);
      return new Home(lab, network, await RemoteProvider.start(lab, network.outside, PORT));
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  get netdrift(): Netdrift {
    if (this.#netdrift === undefined) throw new Error('netdrift has not been started');
    return this.#netdrift;
  }

  start(ipv4: readonly unknown[], more: { watch?: Mapping; sink?: Mapping } = {}): Netdrift {
    this.isTrue(A, '203.0.113.10');
    const config = {
      watch: { every: '1h', ...more.watch },
      uplinks: { wan: { ipv4: ['interface', ...ipv4], allow: ['documentation'] } },
      sinks: { dyn: sink(SERVER, more.sink) },
      log: { level: 'debug' },
    };
    this.#netdrift = new Netdrift(this.lab, { namespace: this.network.host, config });
    return this.#netdrift;
  }

  async change(to: string): Promise<void> {
    this.isTrue(A, to);
    await this.network.changeOutsideAddress(to);
  }

  async close(): Promise<void> {
    await this.lab.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A dyndns2 sink; the gap is off unless the scenario is about it. */
export const sink = (server: string, more: Mapping = {}, port = PORT): Mapping => ({
  provider: 'dyndns2',
  server: `http://${server}:${port}`,
  insecure_http: true,
  username: 'me',
  password: 'a password of many characters',
  records: [NAME],
  // Each family by itself, so that what is asked is what has changed.
  other_family: 'omit',
  allow: ['documentation'],
  minimum_gap: '0s',
  ...more,
});
