import { describe, expect, it } from 'vitest';
import { address } from '../../src/model/address.ts';
import type { AddressState, Witness } from '../../src/model/reading.ts';
import { type Agreement, agreement, type SetState } from '../../src/streams/agreement.ts';

const stun: Witness = { detector: 'stun', name: 'stun.one', operator: 'one', forgeable: true, outside: true };
const http: Witness = { detector: 'http', name: 'https://two', operator: 'two', outside: true };
const third: Witness = { detector: 'http', name: 'https://three', operator: 'three', outside: true };
const twin: Witness = { ...http, name: 'https://also.two' };
const own: Witness = { detector: 'interface', name: 'eth0', operator: 'this host' };

const says = (via: Witness, text: string): SetState => ({ kind: 'set', address: address(text), via });
const shown = (state: AddressState | undefined): string =>
  state === undefined ? 'nothing' : state.kind === 'set' ? state.address : `${state.kind}: ${state.why}`;
const hear = (votes: Agreement, ...statements: readonly SetState[]): readonly string[] =>
  statements.map((statement) => shown(votes.hear(statement)));

const A = '93.184.216.34';
const B = '93.184.216.35';
const FAR = '8.8.4.4';

describe('agreement, left to the circumstances', () => {
  const open = (known?: string) =>
    agreement({ needed: undefined, known: known === undefined ? undefined : address(known) });

  it('believes what the host knows by itself', () => {
    expect(hear(open(FAR), says(own, A))).toEqual([A]);
  });
  it('believes one witness that cannot be forged', () => {
    expect(hear(open(), says(http, A))).toEqual([A]);
  });
  it('asks a second one after one that can be forged', () => {
    expect(hear(open(), says(stun, A), says(http, A))).toEqual([
      'keep: 1 more witness(es) must agree: stun.one says 93.184.216.34',
      A,
    ]);
  });
  it('asks a second one when the change is surprising', () => {
    expect(hear(open(FAR), says(http, A), says(third, A))).toEqual([
      'keep: 1 more witness(es) must agree: https://two says 93.184.216.34',
      A,
    ]);
    expect(hear(open(B), says(http, A))).toEqual([A]);
  });
  it('needs nobody to confirm what is known', () => {
    expect(hear(open(A), says(stun, A))).toEqual([A]);
  });
  it('counts two witnesses of one operator as one', () => {
    expect(hear(open(FAR), says(http, A), says(twin, A))[1]).toMatch(/^keep: 1 more/);
  });
  it('believes a lone witness after all when nobody else could tell', () => {
    const votes = open();
    votes.hear(says(stun, A));
    expect(shown(votes.conclude())).toBe(A);
  });
  it('publishes nothing while two contradict each other, and says who said what', () => {
    const votes = open();
    expect(hear(votes, says(stun, A), says(http, B))).toHaveLength(2);
    expect(shown(votes.conclude())).toBe(
      `keep: the witnesses disagree: stun.one says ${A}, https://two says ${B}`,
    );
  });
  it('goes with two against one', () => {
    expect(hear(open(), says(stun, A), says(http, B), says(third, B))[2]).toBe(B);
  });
  it('does not let a stale witness of the known address outvote a new one', () => {
    const votes = open(A);
    expect(hear(votes, says(stun, B), says(http, A))[1]).toMatch(/^keep/);
    expect(shown(votes.conclude())).toMatch(/^keep: the witnesses disagree/);
  });
  it('concludes nothing from nothing', () => {
    expect(open().conclude()).toBeUndefined();
  });
});

describe('agreement of a given number', () => {
  const open = () => agreement({ needed: 3, known: undefined });
  it('is reached with so many independent witnesses', () => {
    expect(
      hear(open(), says(stun, A), says(http, A), says(twin, A), says(third, A)).map((one) => one === A),
    ).toEqual([false, false, false, true]);
  });
  it('is not reached with fewer, even if nobody contradicts', () => {
    const votes = open();
    hear(votes, says(stun, A), says(http, A));
    expect(votes.conclude()).toBeUndefined();
  });
});

describe('independence', () => {
  const dns = (operator: string, path: string): Witness => ({
    detector: 'dns',
    name: `${operator} by ${path}`,
    operator,
    path,
    outside: true,
  });
  const count = (...voices: readonly Witness[]): number => {
    const votes = agreement({ needed: 9, known: undefined });
    const last = hear(votes, ...voices.map((via) => says(via, A))).at(-1) ?? '';
    return 9 - Number(/^keep: (\d) more/.exec(last)?.[1]);
  };
  it('takes another operator and another path', () => {
    expect(count(dns('one', 'plain DNS'), dns('two', 'plain DNS'))).toBe(1);
    expect(count(dns('one', 'plain DNS'), dns('one', 'one:853'))).toBe(1);
    expect(count(dns('one', 'plain DNS'), dns('two', 'two:853'))).toBe(2);
    expect(count(dns('one', '192.0.2.1'), dns('also one', '192.0.2.1'), dns('two', '192.0.2.2'))).toBe(2);
  });
  it('is not asked of what the host knows by itself, whatever the number', () => {
    for (const detector of ['interface', 'static', 'file']) {
      const votes = agreement({ needed: 3, known: address(FAR) });
      expect(hear(votes, says({ detector, name: 'own' }, A))).toEqual([A]);
    }
  });
});

describe('an address that may be old', () => {
  const router: Witness = { detector: 'router', name: 'the router', operator: 'the router', outside: true };
  const sees: Witness = { ...stun, seesPath: true };
  const doubted = (needed?: number) => agreement({ needed, known: address(A), doubted: true });

  it('is not believed to the router alone while somebody sees another one', () => {
    expect(hear(doubted(), says(router, A))[0]).toMatch(/^keep: 1 more/);
    const votes = doubted();
    hear(votes, says(router, A));
    expect(votes.conclude()).toBeUndefined();
  });
  it('is accepted with a second voice, and from one that looks at it', () => {
    expect(hear(doubted(), says(router, A), says(http, A))[1]).toBe(A);
    expect(hear(doubted(), says(sees, A))).toEqual([A]);
  });
  it('loses to two who see the new one, and does not come back on its own', () => {
    const votes = doubted();
    const [, , won] = [says(router, A), says(sees, B), says(http, B)].map((one) => votes.hear(one));
    expect(won).toMatchObject({ kind: 'set', address: B, outvoted: [A] });
    const later = () => agreement({ needed: undefined, known: address(B), outvoted: [address(A)] });
    const alone = later();
    expect(hear(alone, says(router, A))[0]).toMatch(/^keep: 1 more/);
    expect(alone.conclude()).toBeUndefined();
    expect(hear(later(), says(router, A), says(http, A))[1]).toBe(A);
    // Remembered as long as the other one is in force.
    expect(later().hear(says(http, B))).toMatchObject({ address: B, outvoted: [A] });
    expect(agreement({ needed: 1, known: undefined }).hear(says(http, B))).not.toHaveProperty('outvoted');
  });
  it('needs no more than two where one would do, and as many as were asked for', () => {
    expect(hear(doubted(1), says(router, A), says(http, A))[1]).toBe(A);
    expect(hear(doubted(3), says(router, A), says(http, A))[1]).toMatch(/^keep: 1 more/);
  });
});
