import { expect, test } from 'vitest';
import { runsTest } from './titles.ts';

test.each([
  ["it('a title', () => {})", true],
  ["test( 'a title', () => {})", true],
  ["it.each([1, 2])('a title', () => {})", true],
  ["it.each([[f(g(1)), 2]])('a title', () => {})", true],
  ["it.each<[object, string]>([1])('a title', () => {})", true],
  ["it.runIf(harness.owns === true)('a title', () => {})", true],
  ["it.skip('a title', () => {})", false],
  ["it.todo('a title')", false],
  ["test.only('a title', () => {})", false],
  ["it.fails('a title', () => {})", false],
  ["it.concurrent.skip('a title', () => {})", false],
  ["it('a title', () => {})\nit.only('another', () => {})", false],
  ["describe.skip('all', () => { it('a title', () => {}) })", false],
  ["// it('a title')", false],
  ["it('another title')", false],
  ["[HERE, 'a title']", false],
])('%s is a test that runs: %s', (text, expected) => {
  expect(runsTest(text, 'a title')).toBe(expected);
});
