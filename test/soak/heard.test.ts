import { expect, it } from 'vitest';
import type { Exchange } from '../faults/judge.ts';
import type { LogLine } from '../lab/support/netdrift.ts';
import { heard } from './heard.ts';

const RECORD = 'home.example.net/A';
const asked = (at: number, said: string, record = RECORD): Exchange => ({
  at,
  record,
  asked: ['198.51.100.1'],
  said,
  taken: said === 'good',
});
const logged = (at: number, event: string, more: object = {}): LogLine => ({
  time: '',
  level: 'info',
  event,
  sink: 'strict',
  record: RECORD,
  address: ['198.51.100.1'],
  at,
  ...more,
});
const words = (exchanges: readonly Exchange[], log: readonly LogLine[]): readonly string[] =>
  heard(exchanges, log, 'strict').map(({ said }) => said);

it('keeps the word of an answer whose outcome was logged before the next request', () => {
  const exchanges = [asked(0, 'good'), asked(100, 'badauth'), asked(200, 'silence')];
  const log = [logged(5, 'record_updated'), logged(110, 'write_failed', { reason: 'credentials' })];
  expect(words(exchanges, log)).toEqual(['good', 'badauth', 'silence']);
});

it('doubts what was aborted, what came to nothing that fits, and what only another record or sink shows', () => {
  const exchanges = [asked(0, 'good'), asked(100, 'good'), asked(200, 'badauth')];
  const log = [
    logged(105, 'write_failed', { reason: 'unreachable' }),
    logged(205, 'record_updated'),
    logged(20, 'record_updated', { address: ['198.51.100.2'] }),
    logged(50, 'record_updated', { sink: 'loose' }),
    logged(60, 'record_updated', { record: 'home.example.net/AAAA' }),
  ];
  expect(words(exchanges, log)).toEqual(['doubtful', 'doubtful', 'doubtful']);
});
