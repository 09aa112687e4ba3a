import { describe, expect, it } from 'vitest';
import { jsonCodec } from '../../../src/sinks/rest/codec.ts';

const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;

describe('JSON of a provider', () => {
  it('is read up to any depth that a service has', () => {
    expect(jsonCodec.decode('{"a":[{"b":1}]}')).toEqual({ a: [{ b: 1 }] });
    expect(jsonCodec.decode(nested(64))).toBeInstanceOf(Array);
  });

  it('is refused where a walk over it could run out of stack', () => {
    expect(() => jsonCodec.decode(nested(65))).toThrow('nested too deep');
    expect(() => jsonCodec.decode(nested(100_000))).toThrow('nested too deep');
    expect(() => jsonCodec.decode('{"a":'.repeat(100_000))).toThrow('nested too deep');
  });

  it('may hold any number of brackets in its texts', () => {
    const text = `\\" ${'['.repeat(1_000)}`;
    expect(jsonCodec.decode(JSON.stringify([text, text]))).toEqual([text, text]);
  });

  it('that is none is refused', () => {
    for (const text of ['', '{', '"a', 'nothing', ']'.repeat(100)])
      expect(() => jsonCodec.decode(text)).toThrow();
  });
});
