import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/config/secret.ts';
import type { Destination } from '../../src/telemetry/destination.ts';
import { createLog, type LogInit } from '../../src/telemetry/logger.ts';
import { createRedactor } from '../../src/telemetry/redact.ts';

const NOON = Date.UTC(2026, 10, 22, 12, 3, 4, 123);

function logged(init: Partial<LogInit> = {}, terminal = false, environment = {}) {
  const lines: string[] = [];
  const destination: Destination = {
    terminal,
    onDropped: undefined,
    write: (line) => lines.push(line),
    flush: async () => {},
  };
  const redact = createRedactor();
  const log = createLog(
    { level: 'info', format: 'json', ...init },
    { destination, clock: { wall: () => NOON }, redact, environment },
  );
  return { lines, log, redact, destination, parsed: () => lines.map((line) => JSON.parse(line)) };
}

describe('createLog, JSON', () => {
  it('writes one line with the fixed fields', () => {
    const { log, lines, parsed } = logged();
    log.child({ component: 'lane', sink: 'dyn' }).info('record_updated', 'done', {
      trace_id: 't1',
      reason: ['wake'],
      duration: 12,
    });
    expect(lines[0]).not.toContain('\n');
    expect(parsed()).toEqual([
      {
        time: '2026-11-22T12:03:04.123Z',
        level: 'info',
        component: 'lane',
        event: 'record_updated',
        reason: ['wake'],
        trace_id: 't1',
        sink: 'dyn',
        duration: 12,
        message: 'done',
      },
    ]);
  });

  it('lets fields of the call win over those of the child, as one key, and never over its own', () => {
    const { log, lines, parsed } = logged();
    log
      .child({ component: 'a' })
      .child({ component: 'b' })
      .info('ready', 'm', { component: 'c', time: 1, event: 'x' });
    expect(parsed()[0]).toMatchObject({ component: 'c', event: 'ready', time: '2026-11-22T12:03:04.123Z' });
    expect(lines[0]?.match(/"component"/g)).toHaveLength(1);
    expect(lines[0]?.match(/"time"/g)).toHaveLength(1);
  });

  it('keeps quiet below its level, which can be changed', () => {
    const { log, lines } = logged();
    const child = log.child({ component: 'a' });
    child.debug('x', 'quiet');
    log.setLevel('debug');
    child.debug('x', 'loud');
    log.setLevel('error');
    child.warn('x', 'quiet');
    expect(lines).toHaveLength(1);
  });

  it('writes errors as code and message, with causes, and with the stack at debug only', () => {
    const error = Object.assign(new Error('outer', { cause: new Error('inner') }), { code: 'ECODE' });
    const at = (level: LogInit['level']) => {
      const { log, parsed } = logged({ level });
      log.error('write_failed', 'm', { error });
      return parsed()[0].error;
    };
    expect(at('info')).toEqual({ code: 'ECODE', message: 'outer', cause: { message: 'inner' } });
    expect(at('debug').stack).toContain('logger.test.ts');
  });

  it('takes whatever is thrown', () => {
    const { log, parsed } = logged();
    for (const error of ['text', undefined, null, 7, { message: 'plain' }])
      log.warn('write_failed', 'm', { error });
    expect(parsed().map((line) => line.error)).toEqual([
      { message: 'text' },
      undefined,
      { message: 'null' },
      { message: '7' },
      { message: 'plain' },
    ]);
  });

  it('never throws: circles, big integers, throwing toJSON', () => {
    const { log, lines, parsed } = logged();
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    log.info('x', 'm', { circle });
    log.info('x', 'm', { big: 10n });
    log.info('x', 'm', {
      bad: {
        toJSON() {
          throw new Error('no');
        },
      },
    });
    expect(lines).toHaveLength(3);
    expect(() => parsed()).not.toThrow();
  });

  it('shows no secret, in whatever field', () => {
    const { log, lines, redact } = logged();
    redact.add('hunter"2 x');
    log.info('x', 'said hunter"2 x', {
      url: 'https://h/?p=hunter%222%20x',
      header: `Basic ${Buffer.from('me:hunter"2 x').toString('base64')}`,
      nested: { deep: ['hunter"2 x'] },
      secret: new Secret('hunter"2 x'),
    });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      message: 'said [secret]',
      url: 'https://h/?p=[secret]',
      header: 'Basic [secret]',
      nested: { deep: ['[secret]'] },
      secret: '[secret]',
    });
  });

  it('says how many lines were dropped', () => {
    const { parsed, destination } = logged();
    destination.onDropped?.(7);
    expect(parsed()[0]).toMatchObject({ event: 'log_lines_dropped', level: 'warn', count: 7 });
  });
});

describe('createLog, text', () => {
  const local = new Date(NOON);
  const time = `${String(local.getHours()).padStart(2, '0')}:${String(local.getMinutes()).padStart(2, '0')}:04.123`;

  it('writes one readable line, subject first', () => {
    const { log, lines } = logged({ format: 'text' });
    log.info('address_changed', 'address is now 198.51.100.7', {
      uplink: 'wan',
      component: 'detect',
      duration: 3,
    });
    log.warn('write_failed', 'refused', { sink: 'dyn', uplink: 'wan', reason: 'two words' });
    log.info('ready', 'all done');
    expect(lines).toEqual([
      `${time} INFO  wan: address is now 198.51.100.7  duration=3`,
      `${time} WARN  dyn: refused  reason="two words" uplink=wan`,
      `${time} INFO  all done`,
    ]);
  });

  it('uses colour only on a terminal and without NO_COLOR', () => {
    const coloured = (terminal: boolean, environment: Record<string, string>) => {
      const { log, lines } = logged({ format: 'text' }, terminal, environment);
      log.error('x', 'm');
      return lines[0]?.includes('\u001b[31m');
    };
    expect(coloured(true, {})).toBe(true);
    expect(coloured(true, { NO_COLOR: '1' })).toBe(false);
    expect(coloured(false, {})).toBe(false);
  });

  it('does not let words of others steer the terminal', () => {
    const { log, lines } = logged({ format: 'text' });
    log.info('x', 'evil \u001b[2J\r\nline', { sink: 'a\u0007b' });
    expect(lines[0]).toBe(`${time} INFO  a\\u0007b: evil \\u001b[2J\\u000d line`);
  });
});
