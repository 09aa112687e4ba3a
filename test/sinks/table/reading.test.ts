import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../../src/config/secret.ts';
import { address } from '../../../src/model/address.ts';
import { fqdn } from '../../../src/model/name.ts';
import { readLines } from '../../../src/sinks/table/reading.ts';
import { DYNDNS2 } from '../../../src/sinks/table/service.ts';

const V4 = address('198.51.100.7');
const V6 = address('2001:db8::7');
const namesOf = (count: number) => Array.from({ length: count }, (_, index) => fqdn(`h${index}.example.org`));
const read = (body: string, names = 1, sent = [V4]) =>
  readLines(body, { names: namesOf(names), sent, words: DYNDNS2, secrets: [new Secret('hunter22')] });
const kinds = (body: string, names = 1, sent = [V4]) =>
  read(body, names, sent).map((verdict) =>
    verdict.kind === 'failed'
      ? `${verdict.failure.class}/${verdict.failure.scope}${verdict.failure.unclear ? '/unclear' : ''}`
      : verdict.kind,
  );

describe('one line', () => {
  it.each([
    ['good 198.51.100.7', 'updated'],
    ['good', 'updated'],
    ['good 198.51.100.7\r\n', 'updated'],
    ['nochg 198.51.100.7', 'unchanged'],
    ['nochg', 'unchanged'],
    ['badauth', 'credentials/sink'],
    ['!donator', 'refused/sink'],
    ['!yours', 'not_found/record'],
    ['!active', 'refused/record'],
    ['notfqdn', 'not_found/record'],
    ['nohost', 'not_found/record'],
    ['numhost', 'invalid/sink'],
    ['abuse', 'refused/sink'],
    ['badagent', 'refused/sink'],
    ['badsys', 'refused/sink'],
    ['dnserr', 'transient/sink'],
    ['911', 'transient/sink'],
    ['w30m', 'rate_limited/sink'],
    ['good 127.0.0.1', 'refused/sink'],
    ['good 198.51.100.8', 'conflict/record/unclear'],
    ['nochg 198.51.100.8', 'conflict/record/unclear'],
    ['good 198.51.100.8, 198.51.100.7', 'conflict/record/unclear'],
    ['badauth: no such key', 'credentials/sink'],
    ['nohost but OK', 'not_found/record'],
    // Whole lines: a success with words nobody documented is none.
    ['good for you', 'transient/record/unclear'],
    ['goodbye', 'transient/record/unclear'],
    ['OK', 'transient/record/unclear'],
    ['constructor', 'transient/record/unclear'],
    ['w30', 'transient/record/unclear'],
    ['', 'transient/sink/unclear'],
    ['\r\n \n', 'transient/sink/unclear'],
    ['<html><body>good 198.51.100.7</body></html>', 'transient/sink/unclear'],
    ['<!DOCTYPE html>\n<title>good</title>', 'transient/sink/unclear'],
  ])('%j: %s', (body, verdict) => {
    expect(kinds(body)).toEqual([verdict]);
  });

  it('waits as long as it is told', () => {
    const waits = ['911', 'dnserr', 'w30s', 'w5m', 'w2h'].map((code) => {
      const [verdict] = read(code);
      return verdict?.kind === 'failed' ? verdict.failure.retryAfter : undefined;
    });
    expect(waits).toEqual([1_800_000, 1_800_000, 30_000, 300_000, 7_200_000]);
  });

  it('explains an address that was not sent', () => {
    for (const body of ['good 203.0.113.9', 'nochg 203.0.113.9']) {
      const [verdict] = read(body);
      expect(verdict).toMatchObject({
        failure: {
          // No hold: the record is wrong, and a later address may well be taken.
          class: 'conflict',
          scope: 'record',
          unclear: true,
          message: expect.stringMatching(/203\.0\.113\.9 instead of 198\.51\.100\.7/),
        },
      });
    }
  });

  it('shows the words of the server, but no secret', () => {
    const [verdict] = read('what is hunter22?');
    expect(verdict).toMatchObject({ failure: { message: expect.stringContaining('what is [secret]?') } });
  });
});

describe('both families', () => {
  it.each([
    ['good 198.51.100.7,2001:db8::7', 'updated'],
    ['good 198.51.100.7 2001:DB8:0::7', 'updated'],
    ['good 198.51.100.7', 'updated'],
    ['good 198.51.100.7,2001:db8::8', 'conflict/record/unclear'],
  ])('%j: %s', (body, verdict) => {
    expect(kinds(body, 1, [V4, V6])).toEqual([verdict]);
  });

  it('does not mind what the server says of the family that was not sent', () => {
    expect(kinds('good 198.51.100.7,2001:db8::99', 1, [V4])).toEqual(['updated']);
  });
});

describe('several names', () => {
  it('takes one line a name, in order', () => {
    expect(kinds('good 198.51.100.7\nnochg 198.51.100.7\nnohost\nabuse', 4)).toEqual([
      'updated',
      'unchanged',
      'not_found/record',
      'refused/record',
    ]);
  });

  it('takes a code about the account or the service for all names that have no line', () => {
    expect(kinds('badauth', 3)).toEqual(['credentials/sink', 'credentials/sink', 'credentials/sink']);
    expect(kinds('good\n911', 3)).toEqual(['updated', 'transient/sink', 'transient/sink']);
  });

  it.each([
    ['good 198.51.100.7', 2],
    ['good\nnohost', 3],
    ['nohost', 2],
    ['good\ngood\ngood', 2],
    ['good\n\ngood', 2],
  ])('guesses nothing from %j for %i names', (body, names) => {
    expect(kinds(body, names)).toEqual(Array(names).fill('transient/sink/unclear'));
  });

  it('gives exactly one verdict a name, and success only for good and nochg, whatever comes', () => {
    const word = fc.oneof(
      fc.constantFrom('good', 'nochg', 'badauth', '911', 'nohost', 'good 198.51.100.7', '', '<html>', 'w1s'),
      fc.string({ maxLength: 30 }),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), fc.integer({ min: 1, max: 6 }), (lines, names) => {
        const body = lines.join('\n');
        const verdicts = read(body, names);
        expect(verdicts).toHaveLength(names);
        const successes = verdicts.filter(({ kind }) => kind !== 'failed').length;
        const said = body.split(/[\r\n]+/).filter((line) => /^(good|nochg)\b/.test(line.trim())).length;
        expect(successes).toBeLessThanOrEqual(said);
      }),
    );
  });
});
