import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readState, writeState } from '../../src/state/document.ts';

const GOOD = {
  version: 1,
  sinks: {
    dyn: {
      fingerprint: 'f',
      holds: [{ class: 'refused', message: 'abuse', since: 1 }],
      records: {
        'home.example.org/A': {
          confirmed: ['203.0.113.1'],
          begun: false,
          doubtful: true,
          last_write: 5.5,
          holds: [{ class: 'rate_limited', message: '', since: 1, until: 2, length: 1 }],
        },
      },
    },
  },
};

describe('readState', () => {
  it('reads what writeState writes', () => {
    const answer = readState(JSON.stringify(GOOD));
    if (answer.kind !== 'read') throw new Error(answer.why);
    expect(JSON.parse(writeState(answer.document))).toEqual(GOOD);
  });

  it.each([
    [{ version: 2, sinks: {} }, 'newer netdrift'],
    [{ sinks: {} }, 'names no version known'],
    [{ version: 1 }, 'sinks is not a mapping'],
    [{ version: 1, sinks: { dyn: {} } }, 'sinks.dyn.fingerprint is not a text'],
    [
      { version: 1, sinks: { dyn: { fingerprint: 'f', holds: [{}], records: {} } } },
      'sinks.dyn.holds[0].class is not a text',
    ],
    [
      { version: 1, sinks: { dyn: { fingerprint: 'f', holds: [], records: { home: {} } } } },
      'sinks.dyn.records.home is not named like a record',
    ],
  ])('says what is wrong with %j', (value, why) => {
    expect(readState(JSON.stringify(value))).toMatchObject({
      kind: 'damaged',
      why: expect.stringContaining(why),
    });
  });

  it('answers for any text without throwing (property)', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) =>
        ['read', 'damaged'].includes(readState(text).kind),
      ),
    );
  });

  it('takes no document that is cut anywhere, or holds a value of another kind', () => {
    const whole = JSON.stringify(GOOD);
    fc.assert(
      fc.property(fc.nat(whole.length - 2), (length) => {
        expect(readState(whole.slice(0, length + 1)).kind).toBe('damaged');
      }),
    );
    for (const wrong of [null, 'text', [], -1, 1e300]) {
      for (const path of ['confirmed', 'begun', 'doubtful', 'last_write', 'holds']) {
        const copy = structuredClone(GOOD);
        Object.assign(copy.sinks.dyn.records['home.example.org/A'], { [path]: wrong });
        const fits =
          (Array.isArray(wrong) && ['confirmed', 'holds'].includes(path)) ||
          (wrong === -1 && path === 'last_write');
        expect(readState(JSON.stringify(copy)).kind, `${path} = ${JSON.stringify(wrong)}`).toBe(
          fits ? 'read' : 'damaged',
        );
      }
    }
  });

  it('is not fooled by names that objects have of their own', () => {
    const text = '{"version":1,"sinks":{"__proto__":{"fingerprint":"f","holds":[],"records":{}}}}';
    const answer = readState(text);
    expect(answer.kind === 'read' && [...answer.document.sinks.keys()]).toEqual(['__proto__']);
    expect(answer.kind === 'read' && writeState(answer.document).trim()).toBe(text);
  });
});
