import { type Fault, judge } from '../faults/judge.ts';
import { dyndns2Rules, type Rules } from '../faults/rules.ts';
import { A, AAAA, FIRST, Field, PORT, SERVER, sink } from '../faults/support/field.ts';
import { RemoteProvider } from '../faults/support/remote-provider.ts';
import { now } from '../lab/support/moment.ts';

/** Milliseconds for which a value may be asked for after it has ceased to be true: netdrift is stopped for 4 s at times. */
const ALLOWED_DELAY = 8_000;
/** An answer given so shortly before a disturbance may not have arrived. */
const IN_FLIGHT = 400;
const STRICT_GAP = 2_000;

/** A dual-stack host with two providers: `loose`, whose answers go wrong, and `strict`, which bans, limits and wants a gap. */
export class SoakScene {
  changes = 0;
  /** Moments at which connections may have died. */
  readonly #disturbances: number[] = [];
  #next = 0;

  private constructor(
    readonly field: Field,
    readonly strict: RemoteProvider,
  ) {}

  static async open(program: string): Promise<SoakScene> {
    const field = await Field.open();
    try {
      const strict = await RemoteProvider.start(field.lab, field.outside, PORT + 1);
      const config = {
        ...field.config({ families: ['v4', 'v6'], watch: { settle: '100ms', settle_limit: '1s' } }),
        sinks: {
          loose: sink(SERVER, { timeout: '2s' }),
          strict: sink(SERVER, { timeout: '2s', minimum_gap: `${STRICT_GAP}ms` }, PORT + 1),
        },
        log: { level: 'info' },
      };
      const scene = new SoakScene(field, strict);
      field.start(config, { program });
      return scene;
    } catch (error) {
      await field.close();
      throw error;
    }
  }

  get loose(): RemoteProvider {
    return this.field.provider;
  }

  get providers(): readonly RemoteProvider[] {
    return [this.loose, this.strict];
  }

  disturb(): void {
    this.#disturbances.push(now());
  }

  /** Another address of the family, from a pool of 200, sometimes the one it had before. */
  async change(family: 'v4' | 'v6'): Promise<void> {
    this.#next = (this.#next + 1) % 200;
    const end = 20 + this.#next;
    this.disturb();
    await this.field.change(family === 'v4' ? FIRST.replace(/\d+$/, String(end)) : `2001:db8:1::${end}`);
    this.changes += 1;
  }

  /** True when both providers have what is true. */
  get settled(): boolean {
    return [A, AAAA].every((record) =>
      this.providers.every((one) => one.standing(record).join() === this.field.wanted(record)),
    );
  }

  /** The judge on everything since a moment; the last value counts only when all has come to rest. */
  faults(since: number, atRest: boolean): readonly Fault[] {
    const { truths, events } = this.field;
    const recent = truths.filter(({ at, record }) => {
      const later = truths.find((other) => other.record === record && other.at > at);
      return later === undefined || later.at >= since - ALLOWED_DELAY;
    });
    return this.providers
      .flatMap((provider) =>
        judge({
          truths: recent,
          exchanges: provider.exchanges.items
            .filter(({ at }) => at >= since)
            .map((exchange) =>
              this.#isDoubtful(exchange.at) ? { ...exchange, said: 'doubtful' } : exchange,
            ),
          rules: rulesOf(provider === this.strict ? STRICT_GAP : 0),
          events,
          allowedDelay: ALLOWED_DELAY,
        }),
      )
      .filter(({ check }) => atRest || check !== 'last');
  }

  #isDoubtful(at: number): boolean {
    return this.#disturbances.some((moment) => moment >= at - IN_FLIGHT && moment <= at + IN_FLIGHT);
  }

  /** Ends the bans of the strict provider. */
  async release(): Promise<void> {
    this.field.happened('released');
    await this.field.netdrift.command('trigger', '--release', 'strict');
  }

  close(): Promise<void> {
    return this.field.close();
  }
}

/** A change of one family sends the other along, if that has not been confirmed: at most so many changes happen here in a minute. */
const CHANGES_OF_THE_OTHER = 50;

function rulesOf(gap: number): Rules {
  const rules = dyndns2Rules(gap);
  const { window, requests } = rules.burst;
  return { ...rules, burst: { window, requests: requests + CHANGES_OF_THE_OTHER } };
}
