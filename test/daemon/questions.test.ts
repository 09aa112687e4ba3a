import { firstValueFrom } from 'rxjs';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { createPools } from '../../src/daemon/pools.ts';
import { namedInterfaces, type QuestionInit, uplinkQuestions } from '../../src/daemon/questions.ts';
import { address } from '../../src/model/address.ts';
import type { Reading, Witness } from '../../src/model/reading.ts';
import type { UplinkSettings } from '../../src/model/settings.ts';
import type { DetectorInit, DetectorKind, Question } from '../../src/sources/contract.ts';
import { observation } from '../streams/support.ts';
import { keptLog, testHost } from './fixture.ts';

const via: Witness = { detector: 'fake', name: 'fake' };
const known: Reading = { kind: 'known', address: address('203.0.113.7'), via };

function setUp(
  read: (question: Question) => Promise<Reading>,
  wanted: Partial<UplinkSettings> = {},
  { outside = false, ...more }: { outside?: boolean } & Pick<QuestionInit, 'boundRoutes' | 'confirmed'> = {},
) {
  const inits: DetectorInit<unknown>[] = [];
  const kind: DetectorKind = {
    name: 'fake',
    title: 'a fake',
    options: z.unknown(),
    create: (init) => {
      inits.push(init);
      return [{ witness: via, outside, read }];
    },
  };
  const { log, lines } = keptLog();
  const fake = { detector: 'fake', options: { some: 'option' } };
  const uplink: UplinkSettings = {
    name: 'wan',
    detectors: { ipv4: [fake, fake], ipv6: [] },
    allow: [],
    ...wanted,
  };
  const init = {
    host: testHost(),
    log,
    detectors: [kind],
    pools: createPools({ userAgent: 'netdrift/test' }),
    ...more,
  };
  return { questions: uplinkQuestions([uplink], init), inits, lines };
}

describe('uplinkQuestions', () => {
  test('one question a family that is listed, one witness a detector, with its options and interface', () => {
    const { questions, inits } = setUp(async () => known, { interface: 'eth0', allow: ['private'] });
    expect(questions).toMatchObject([{ uplink: 'wan', family: 'ipv4', allow: ['private'] }]);
    expect(questions[0]?.witnesses).toHaveLength(2);
    expect(inits[0]).toEqual({
      family: 'ipv4',
      options: { some: 'option' },
      allow: ['private'],
      interface: 'eth0',
    });
  });

  test('a detector is told what was confirmed for its uplink and family, when it asks', () => {
    const confirmed = (uplink: string, family: string) =>
      uplink === 'wan' && family === 'ipv4' ? [address('203.0.113.7')] : [];
    const { inits } = setUp(async () => known, {}, { confirmed });
    expect(inits[0]?.preferred?.()).toEqual(['203.0.113.7']);
  });

  test('answers what the detector answers', async () => {
    const { questions } = setUp(async () => known);
    const [ask] = questions[0]?.witnesses ?? [];
    expect(ask).toBeDefined();
    if (ask) expect(await firstValueFrom(ask(observation()))).toMatchObject(known);
  });

  test('a defect of a detector is one that could not tell: said in the log, never an error of the stream', async () => {
    const { questions, lines } = setUp(async () => {
      throw new TypeError('cannot read properties of null');
    });
    const [ask] = questions[0]?.witnesses ?? [];
    if (!ask) throw new Error('no witness');
    expect(await firstValueFrom(ask(observation()))).toMatchObject({
      kind: 'unavailable',
      via,
      why: expect.stringContaining('defect'),
    });
    expect(lines).toMatchObject([
      {
        level: 'error',
        event: 'detector_defect',
        fields: { component: 'detector', uplink: 'wan', family: 'ipv4' },
      },
    ]);
  });

  test('unsubscribing aborts the question, and that is no defect', async () => {
    let seen: AbortSignal | undefined;
    const { questions, lines } = setUp(({ signal }) => {
      seen = signal;
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    });
    const [ask] = questions[0]?.witnesses ?? [];
    const subscription = ask?.(observation()).subscribe();
    await Promise.resolve();
    subscription?.unsubscribe();
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen?.aborted).toBe(true);
    expect(lines).toEqual([]);
  });

  test('a detector that the configuration cannot have is a defect of ours, told at once', () => {
    expect(() =>
      setUp(async () => known, { detectors: { ipv4: [{ detector: 'nobody', options: {} }], ipv6: [] } }),
    ).toThrow(TypeError);
  });

  test('an outside witness of a bound uplink is not asked while its questions would leave by another one', async () => {
    let why: string | undefined = 'not_bound: leaves by eth0';
    const boundRoutes = { violation: async () => why };
    const bound = { interface: 'eth1' };
    let asked = 0;
    const read = async (): Promise<Reading> => {
      asked += 1;
      return known;
    };
    const first = (setting: ReturnType<typeof setUp>) => {
      const ask = setting.questions[0]?.witnesses[0];
      if (!ask) throw new Error('no witness');
      return firstValueFrom(ask(observation()));
    };
    const outside = setUp(read, bound, { outside: true, boundRoutes });
    expect(await first(outside)).toEqual({ kind: 'unavailable', via, why });
    expect(asked).toBe(0);
    // What the host knows by itself needs no route, and an uplink that is not bound has none to keep to.
    expect(await first(setUp(read, bound, { outside: false, boundRoutes }))).toMatchObject(known);
    expect(await first(setUp(read, {}, { outside: true, boundRoutes }))).toMatchObject({ kind: 'known' });
    why = undefined;
    expect(await first(outside)).toMatchObject({ kind: 'known', via: { outside: true } });
    expect(asked).toBe(3);
  });
});

describe('namedInterfaces', () => {
  const uplink = (name: string, more: Partial<UplinkSettings>): UplinkSettings => ({
    name,
    detectors: { ipv4: [], ipv6: [] },
    allow: [],
    ...more,
  });

  test('are those of uplinks and those of detectors, each once', () => {
    const wg0 = { detector: 'interface', options: { interface: 'wg0' } };
    const any = { detector: 'interface', options: {} };
    const uplinks = [
      uplink('dsl', { interface: 'eth0', detectors: { ipv4: [any], ipv6: [] } }),
      uplink('vpn', { detectors: { ipv4: [wg0, any], ipv6: [wg0] } }),
    ];
    expect(namedInterfaces({ uplinks })).toEqual(['eth0', 'wg0']);
  });

  test('are none where nobody names one, whatever options a detector has', () => {
    const odd = [null, undefined, 'wg0', { interface: 7 }, ['interface']];
    const ipv4 = odd.map((options) => ({ detector: 'fake', options }));
    expect(namedInterfaces({ uplinks: [uplink('wan', { detectors: { ipv4, ipv6: [] } })] })).toEqual([]);
  });
});
