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
