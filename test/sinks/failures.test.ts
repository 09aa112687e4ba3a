import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/config/secret.ts';
import { isPermanent } from '../../src/model/outcome.ts';
import { HttpFailure } from '../../src/net/http.ts';
import { failureOfHttpFailure, failureOfStatus, retryAfterOf } from '../../src/sinks/failures.ts';

const NOW = Date.UTC(2026, 0, 1);
const answer = (status: number, headers: Record<string, string> = {}, body = '') => ({
  status,
  headers,
  body,
});

describe('failureOfHttpFailure', () => {
  it('is unreachable while nothing was sent, and unclear after a write was', () => {
    const refused = new HttpFailure('connect', false, 'https://x: no connection');
    const lost = new HttpFailure('timeout', true, 'https://x: the deadline passed');
    expect(failureOfHttpFailure(refused, 'write')).toEqual({
      class: 'unreachable',
      scope: 'sink',
      message: 'https://x: no connection',
    });
    expect(failureOfHttpFailure(lost, 'write')).toMatchObject({ class: 'transient', unclear: true });
    expect(failureOfHttpFailure(lost, 'read')).not.toHaveProperty('unclear');
  });
});

describe('failureOfStatus', () => {
  it.each([
    [301, 'transient'],
    [400, 'invalid'],
    [401, 'credentials'],
    [402, 'refused'],
    [403, 'credentials'],
    [404, 'not_found'],
    [408, 'transient'],
    [409, 'conflict'],
    [422, 'invalid'],
    [429, 'rate_limited'],
    [500, 'transient'],
    [503, 'transient'],
    [599, 'transient'],
    [199, 'transient'],
  ])('%i: %s', (status, failure) => {
    expect(failureOfStatus(answer(status), { effect: 'write', now: NOW }).class).toBe(failure);
  });

  it('never holds for good what may pass: every 5xx is retried', () => {
    for (let status = 500; status < 600; status++) {
      expect(isPermanent(failureOfStatus(answer(status), { effect: 'read', now: NOW }).class)).toBe(false);
    }
  });

  it('tells which writes may have been carried out', () => {
    const unclear = (status: number) =>
      failureOfStatus(answer(status), { effect: 'write', now: NOW }).unclear;
    expect([500, 502, 504].map(unclear)).toEqual([true, true, true]);
    expect([400, 401, 429, 503].map(unclear)).toEqual([undefined, undefined, undefined, undefined]);
    expect(failureOfStatus(answer(500), { effect: 'read', now: NOW }).unclear).toBeUndefined();
  });

  it('shows the service’s words without secrets, and no web page', () => {
    const context = { effect: 'write', now: NOW, secrets: [new Secret('hunter22')] } as const;
    expect(failureOfStatus(answer(400, {}, 'bad\nkey hunter22'), context).message).toBe(
      'HTTP 400: the request was refused (bad key [secret])',
    );
    expect(failureOfStatus(answer(502, {}, '<!DOCTYPE html><p>x'), context).message).not.toContain('<');
    const moved = answer(302, { location: 'https://new.example.org/hunter22?hunter22' });
    expect(failureOfStatus(moved, context).message).toContain('https://new.example.org');
    expect(failureOfStatus(moved, context).message).not.toContain('hunter22');
  });
});

describe('Retry-After', () => {
  const moment = (wait: number): string => new Date(NOW + wait).toUTCString();
  it.each<[string, Record<string, string>, number | undefined]>([
    ['seconds', { 'retry-after': '120' }, 120_000],
    ['a moment, by our clock', { 'retry-after': moment(90_000) }, 90_000],
    ['a moment, by the server’s clock', { 'retry-after': moment(90_000), date: moment(60_000) }, 30_000],
    ['none', {}, undefined],
    ['zero', { 'retry-after': '0' }, undefined],
    ['the past', { 'retry-after': moment(-1_000) }, undefined],
    ['negative', { 'retry-after': '-5' }, undefined],
    ['nonsense', { 'retry-after': 'soon' }, undefined],
    ['an absurd time', { 'retry-after': '99999999999' }, 7 * 86_400_000],
  ])('%s', (_, headers, wait) => {
    expect(retryAfterOf(headers, NOW)).toBe(wait);
  });

  it('goes into the failure in full', () => {
    const failure = failureOfStatus(answer(429, { 'retry-after': '3600' }), { effect: 'write', now: NOW });
    expect(failure.retryAfter).toBe(3_600_000);
  });
});
