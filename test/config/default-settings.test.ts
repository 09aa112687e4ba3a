import { expect, test } from 'vitest';
import { defaultSettings } from '../../src/config/default-settings.ts';
import { detectors, settingsOf, surroundings } from './fakes.ts';

test('what holds without a file is what an almost empty file amounts to', () => {
  const small =
    'sinks: { a: { provider: embedded, listen: 127.0.0.1:15353, records: [home.example.org] } }\n';
  expect(defaultSettings(detectors, surroundings)).toEqual({ ...settingsOf(small), sinks: [] });
});
