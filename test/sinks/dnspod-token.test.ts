import { describe, expect, test } from 'vitest';
import type { HttpAnswer, HttpRequest } from '../../src/net/http.ts';
import { dnspodToken } from '../../src/sinks/dnspod-token/provider.ts';
import { target } from './rest/support.ts';
import { answer } from './rest/toy.ts';
import { failed, trial } from './trial.ts';

const TOKEN = '13490,6b5976c68aba5b14a0558b77c17c3932';
const ok = (body: object = {}) => answer(200, { status: { code: '1', message: 'ok' }, ...body });
const no = (code: string) => answer(200, { status: { code, message: 'No.' } });
const record = (name: string, value: string, more: object = {}) => ({
  id: '16894439',
  name,
  type: value.includes(':') ? 'AAAA' : 'A',
  value,
  ttl: '600',
  line: '默认',
  line_id: '0',
  mx: '0',
  weight: null,
  enabled: '1',
  ...more,
});
const list = (records: readonly object[], total = records.length) =>
  ok({ info: { record_total: String(total) }, records });

function service(
  held: readonly object[],
  given: object = {},
  instead: (path: string, fields: Readonly<Record<string, string>>) => HttpAnswer | undefined = () =>
    undefined,
) {
  return trial(dnspodToken, { token: TOKEN, ...given }, ({ url, body }) => {
    const other = instead(url.pathname, Object.fromEntries(new URLSearchParams(body)));
    if (other !== undefined) return other;
    switch (url.pathname) {
      case '/Domain.List':
        return ok({ info: { domain_total: 1 }, domains: [{ id: 2_317_346, name: 'example.org' }] });
      case '/Record.List':
        return held.length === 0 ? no('10') : list(held);
      default:
        return ok({ record: { id: '16894439' } });
    }
  });
}
const writes = (asked: readonly HttpRequest[]) =>
  asked
    .filter(({ url }) => !url.pathname.endsWith('.List'))
    .map(({ url, body }) => {
      const { login_token, format, lang, error_on_empty, ...fields } = Object.fromEntries(
        new URLSearchParams(body),
      );
      return [url.pathname, fields];
    });

const wanted = target('home.example.org', '198.51.100.7');

test('the token goes in the form of every request, and never in the address', async () => {
  const pod = service([]);
  await pod.run(wanted);
  for (const { method, url, body, headers } of pod.asked) {
    expect([method, headers?.['content-type']]).toEqual(['POST', 'application/x-www-form-urlencoded']);
    expect(url.search).toBe('');
    expect(Object.fromEntries(new URLSearchParams(body))).toMatchObject({
      login_token: TOKEN,
      format: 'json',
    });
  }
});

test('a change sends all that would go back to its default: line, TTL, weight', async () => {
  const pod = service([record('home', '192.0.2.1', { ttl: '120', weight: 20 })]);
  await pod.run(wanted);
  expect(writes(pod.asked)).toEqual([
    [
      '/Record.Modify',
      {
        domain_id: '2317346',
        record_id: '16894439',
        sub_domain: 'home',
        record_type: 'A',
        record_line: '默认',
        record_line_id: '0',
        value: '198.51.100.7',
        ttl: '120',
        weight: '20',
      },
    ],
  ]);
});

test('a new record at the apex; "no records" is an empty list', async () => {
  const pod = service([]);
  await pod.run({ ...target('example.org', '2001:db8::7'), ttl: 600 });
  expect(writes(pod.asked)).toEqual([
    [
      '/Record.Create',
      {
        domain_id: '2317346',
        sub_domain: '@',
        record_type: 'AAAA',
        record_line_id: '0',
        value: '2001:db8::7',
        ttl: '600',
      },
    ],
  ]);
});

test('records of other lines are not touched', async () => {
  const pod = service([
    record('home', '192.0.2.1', { id: '1', line: '电信', line_id: '10=0' }),
    record('home', '192.0.2.2', { id: '2' }),
  ]);
  await pod.run({ key: wanted.key, addresses: [] });
  expect(writes(pod.asked)).toEqual([['/Record.Remove', { domain_id: '2317346', record_id: '2' }]]);
});

describe('records that are switched off are no records', () => {
  test('the live one is changed, and the other one stays as it is', async () => {
    const pod = service([
      record('home', '192.0.2.1', { id: '1', enabled: '0' }),
      record('home', '192.0.2.2', { id: '2' }),
    ]);
    await pod.run(wanted);
    expect(writes(pod.asked)).toMatchObject([['/Record.Modify', { record_id: '2', value: '198.51.100.7' }]]);
  });

  test('one that has the right address does not answer for the name', async () => {
    const pod = service([record('home', '198.51.100.7', { enabled: '0' })]);
    await pod.run(wanted);
    expect(writes(pod.asked)).toMatchObject([['/Record.Create', { value: '198.51.100.7' }]]);
  });
});

describe('answers as they were recorded: JSON that is called HTML', () => {
  const html = { 'content-type': 'text/html;charset=UTF-8' };

  test('are read', async () => {
    const pod = service([], {}, (path) =>
      path === '/Record.List' ? { ...list([record('home', '192.0.2.1')]), headers: html } : undefined,
    );
    expect(await pod.run(wanted)).toMatchObject([{ kind: 'updated' }]);
  });

  test('and a refusal among them is one', async () => {
    const pod = service([], {}, (path) =>
      path === '/Record.Create' ? { ...no('31'), headers: html } : undefined,
    );
    expect(await pod.run(wanted)).toMatchObject(failed('refused', 'record', 'DNSPod: No. (31)'));
  });

  test.each(['<html>Welcome</html>', '{"welcome":true}', '"1"', ''])('%j is none of them', async (body) => {
    const pod = service([], {}, (path) =>
      path === '/Record.Create' ? { ...ok(), headers: html, body } : undefined,
    );
    expect(await pod.run(wanted)).toMatchObject([
      { kind: 'failed', failure: { class: 'transient', unclear: true } },
    ]);
  });
});

test('every page is read, by offset', async () => {
  const pod = service([], {}, (path, { offset }) =>
    path === '/Record.List'
      ? list([record(offset === '2' ? 'home' : `x${offset}`, '198.51.100.7')], 3)
      : undefined,
  );
  expect(await pod.run(wanted)).toEqual([]);
});

test('a second page that is said to be empty makes half a list, not an empty one', async () => {
  const pod = service([], {}, (path, { offset }) => {
    if (path !== '/Record.List') return undefined;
    return offset === '0' ? list([record('home', '192.0.2.1')], 2) : no('10');
  });
  await expect(pod.run(wanted)).rejects.toMatchObject({ failure: { class: 'not_found' } });
  expect(writes(pod.asked)).toEqual([]);
});

test('a login that failed is no empty list: nothing is created', async () => {
  const pod = service([], {}, (path) => (path === '/Record.List' ? no('-1') : undefined));
  await expect(pod.run(wanted)).rejects.toMatchObject({ failure: { class: 'credentials', scope: 'sink' } });
  expect(writes(pod.asked)).toEqual([]);
});

test('a domain that is not in the account, as recorded', async () => {
  const pod = service([], { zone: 'example.org' }, (path) =>
    path === '/Domain.Info' ? no('13') : undefined,
  );
  await expect(pod.run(wanted)).rejects.toMatchObject({ failure: { class: 'not_found', scope: 'record' } });
});

test('a token that does not exist, as recorded, is tried once', async () => {
  const pod = service([], {}, () =>
    answer(200, { status: { code: '10002', message: 'The login token ID is invalid' } }),
  );
  await expect(pod.run(wanted)).rejects.toMatchObject({ failure: { class: 'credentials', scope: 'sink' } });
  expect(pod.asked).toHaveLength(1);
});

test.each([
  ['-1', 'credentials', 'sink'],
  ['-2', 'rate_limited', 'sink'],
  ['-8', 'refused', 'sink'],
  ['-15', 'refused', 'record'],
  ['-99', 'transient', 'sink'],
  ['8', 'conflict', 'record'],
  ['22', 'invalid', 'record'],
  ['31', 'refused', 'record'],
  ['34', 'invalid', 'record'],
  ['82', 'refused', 'record'],
  ['104', 'conflict', 'record'],
])('code %s, with status 200, is %s for the %s', async (code, expected, scope) => {
  const pod = service([], {}, (path) => (path === '/Record.Create' ? no(code) : undefined));
  expect(await pod.run(wanted)).toMatchObject(failed(expected, scope, `DNSPod: No. (${code})`));
});
