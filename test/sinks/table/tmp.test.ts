import { expect, it } from 'vitest';
import { providersA } from '../../../src/sinks/providers-a.ts';
import { providersB } from '../../../src/sinks/providers-b.ts';
import { describeProvider, snippetOf } from '../../../src/sinks/describe.ts';
import { providers } from '../../../src/sinks/registry.ts';
import { detectorKinds } from '../../../src/sources/addresses/registry.ts';
import { problemsOf } from '../../config/fakes.ts';
it.each([...providersA, ...providersB].map((p) => [p.name, p] as const))('%s', (name, p) => {
  expect(describeProvider(p).reads).toBe(true);
  const all = [...providers.filter((q) => q.name !== name), p];
  const text = snippetOf(p).replaceAll(/\{ *(?:env|file|credential): *[^}]*\}/g, 'c2VjcmV0LXdvcmQtc2VjcmV0');
  const told = problemsOf(text, { providers: all, detectors: detectorKinds }).filter(({ severity, message }) => severity === 'error' && !/secret|key/i.test(message));
  expect(told).toEqual([]);
});
