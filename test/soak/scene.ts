import { type Exchange, type Fault, judge, SILENCE } from '../faults/judge.ts';
import { dyndns2Rules, type Rules } from '../faults/rules.ts';
import { type Authority, type Certificate, createAuthority } from '../faults/support/certificates.ts';
import { A, AAAA, FIRST, Field, PORT, SERVER, sink } from '../faults/support/field.ts';
import { RemoteProvider } from '../faults/support/remote-provider.ts';
import { RemoteResolver } from '../faults/support/remote-resolver.ts';
import type { Said } from '../faults/support/resolver.ts';
import { eventually } from '../lab/support/moment.ts';
import { DOUBTFUL, heard } from './heard.ts';

/** Milliseconds for which a value may be asked for after it has ceased to be true: netdrift is stopped for 4 s at times. */
const ALLOWED_DELAY = 8_000;
const STRICT_GAP = 2_000;

/** The certificates that the provider `far` can show: one that is right, and others. */
export type Shown = 'right' | 'expired' | 'another name' | 'of nobody';

const FAR = 'far.provider.test';

/**
 * A dual-stack host with three providers: `loose`, whose answers go wrong, `strict`, which bans, limits and wants a gap, and `far`, which is
 * reached by name and over TLS.
 */
export class SoakScene {
  changes = 0;
  #next = 0;

  private constructor(
    readonly field: Field,
    readonly strict: RemoteProvider,
    readonly far: RemoteProvider,
    readonly resolver: RemoteResolver,
    readonly certificates: Readonly<Record<Shown, Certificate>>,
  ) {}

  static async open(program: string): Promise<SoakScene> {
    const field = await Field.open();
    try {
      const { lab, outside } = field;
      const strict = await RemoteProvider.start(lab, outside, PORT + 1);
      const known = await createAuthority(lab.folder('known'));
      const certificates = await certificatesOf(known, await createAuthority(lab.folder('unknown')));
      const far = await RemoteProvider.start(lab, outside, PORT + 2, certificates.right);
      const resolver = await RemoteResolver.start(lab, outside, SERVER);
      await resolver.says(FAR, { address: SERVER });
      const config = {
        ...field.config({ families: ['v4', 'v6'], watch: { settle: '100ms', settle_limit: '1s' } }),
        sinks: {
          loose: sink(SERVER, { timeout: '2s' }),
          strict: sink(SERVER, { timeout: '2s', minimum_gap: `${STRICT_GAP}ms` }, PORT + 1),
          far: {
            ...sink(SERVER, { timeout: '2s' }),
            server: `https://${FAR}:${PORT + 2}`,
            insecure_http: false,
          },
        },
        // At info a failure that is no news is not said again.
        log: { level: 'debug' },
      };
      const scene = new SoakScene(field, strict, far, resolver, certificates);
      field.start(config, {
        program,
        wrapper: resolver.wrapper,
        env: { NODE_EXTRA_CA_CERTS: known.file },
      });
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
    return [this.loose, this.strict, this.far];
  }

  /** Another address of the family, from a pool of 200, sometimes the one it had before. */
  async change(family: 'v4' | 'v6'): Promise<void> {
    this.#next = (this.#next + 1) % 200;
    const end = 20 + this.#next;
    await this.field.change(family === 'v4' ? FIRST.replace(/\d+$/, String(end)) : `2001:db8:1::${end}`);
    this.changes += 1;
  }

  /** True when all providers have what is true. */
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
          exchanges: this.#heard(provider).filter(({ at }) => at >= since),
          rules: rulesOf(provider === this.strict ? STRICT_GAP : 0),
          events,
          allowedDelay: ALLOWED_DELAY,
        }),
      )
      .filter(({ check }) => atRest || check !== 'last');
  }

  /** How many answers were judged by their word, of how many, and how many of those were refusals for good. */
  judged(): { readonly answers: number; readonly judged: number; readonly refusals: number } {
    const whole = this.providers
      .flatMap((provider) => this.#heard(provider))
      .filter(({ said }) => said !== SILENCE);
    const judged = whole.filter(({ said }) => said !== DOUBTFUL);
    const { permanent } = rulesOf(0);
    return {
      answers: whole.length,
      judged: judged.length,
      refusals: judged.filter(({ said }) => permanent.has(said)).length,
    };
  }

  #heard(provider: RemoteProvider): readonly Exchange[] {
    const name = provider === this.strict ? 'strict' : provider === this.far ? 'far' : 'loose';
    return heard(provider.exchanges.items, this.field.netdrift.log.items, name);
  }

  /** The crash, and a start after it. */
  async killAndStart(): Promise<void> {
    const { netdrift } = this.field;
    await netdrift.kill();
    this.field.happened('restarted');
    const after = netdrift.log.mark();
    netdrift.start();
    await netdrift.line({ event: 'started' }, { after, timeout: 20_000 });
  }

  /** Ends the bans of the strict provider: as an operator would, again where it is just being frozen, or killed and started. */
  async release(): Promise<void> {
    await eventually(
      'the strict sink is released',
      async () => {
        this.field.happened('released');
        return (await this.field.netdrift.command('trigger', '--release', 'strict')).code === 0;
      },
      { timeout: 60_000 },
    );
  }

  /** What the resolver says of the far provider's name; without a word where it is. */
  async farIs(said: Said = { address: SERVER }): Promise<void> {
    await this.resolver.says(FAR, said);
  }

  close(): Promise<void> {
    return this.field.close();
  }
}

async function certificatesOf(
  known: Authority,
  unknown: Authority,
): Promise<Readonly<Record<Shown, Certificate>>> {
  return {
    right: await known.issue(FAR),
    expired: await known.issue(FAR, -1),
    'another name': await known.issue('another.provider.test'),
    'of nobody': await unknown.issue(FAR),
  };
}

/** A change of one family sends the other along, if that has not been confirmed: at most so many changes happen here in a minute. */
const CHANGES_OF_THE_OTHER = 50;

function rulesOf(gap: number): Rules {
  const rules = dyndns2Rules(gap);
  const { window, requests } = rules.burst;
  return { ...rules, burst: { window, requests: requests + CHANGES_OF_THE_OTHER } };
}
