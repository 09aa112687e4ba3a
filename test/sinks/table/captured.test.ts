import { describe, expect, it } from 'vitest';
import type { HttpAnswer } from '../../../src/net/http.ts';
import { planBlind } from '../../../src/sinks/plan.ts';
import { callOf, target } from '../../fakes/sink-call.ts';
import { alone, mappingFor, rowNamed, V4 } from './support.ts';

// Answers as users of other clients have shown them, names and addresses replaced; what they come to here.

const NAME = 'home.example.org';
const OTHER = '203.0.113.99';

async function answered(row: string, answer: Partial<HttpAnswer>) {
  const provider = rowNamed(row);
  const options = provider.options.parse(mappingFor(provider));
  const sink = provider.create({ name: 'test', options, keys: [] }, alone());
  const http = () => Promise.resolve({ status: 200, headers: {}, body: '', ...answer });
  const [result] = await sink.write(planBlind([target(NAME, V4)]), callOf(http));
  return result;
}

const easydns = (...texts: readonly string[]) =>
  `<HTML><BODY><FONT FACE="sans-serif" SIZE="-1">${texts.map((text) => `${text}<br />`).join('\n<hr noshade size="1">\n')}\n</FONT></BODY></HTML>`;

describe('easyDNS, in HTML', () => {
  it.each([
    ['OK, and nothing to do', easydns('OK', `no update required for ${NAME} to ${V4}`), 'unchanged'],
    ['OK', easydns('OK'), 'updated'],
    ['OK and an explanation', easydns('OK', 'and what was done'), 'updated'],
    ['the older word', easydns('NOERROR'), 'updated'],
    ['the word alone', 'NOERROR', 'updated'],
  ])('%s', async (_what, body, kind) => {
    expect(await answered('easydns', { body })).toMatchObject({ kind });
  });

  it.each([
    [easydns('TOO_FREQ'), { class: 'rate_limited', retryAfter: 600_000 }],
    [easydns('TOO_FREQ', 'wait a little'), { class: 'rate_limited', retryAfter: 600_000 }],
    [easydns('NO_AUTH'), { class: 'credentials', scope: 'sink' }],
    [easydns('not OK'), { class: 'transient', unclear: true, message: expect.stringContaining('not OK') }],
    [easydns('OK', `no update required for ${NAME} to ${OTHER}`), { class: 'conflict', unclear: true }],
  ])('%j is no success', async (body, failure) => {
    expect(await answered('easydns', { body })).toMatchObject({ kind: 'failed', failure });
  });
});

describe('DDNSS.de, a page with the code in a header', () => {
  const page = (text: string) =>
    `<head>\n<meta name="robots" content="noindex">\n<title>DDNSS</title>\n</head>\n<body>\n<p><font face="Verdana" size="2">${text}</font></p>\n</body>`;
  const said = (code: string, text: string) =>
    answered('ddnss', { headers: { 'ddnss-response': code }, body: page(text) });

  it('takes the code for the answer', async () => {
    expect(await said('good', 'Updated 1 hostname.')).toMatchObject({ kind: 'updated' });
    expect(await said('nochg', 'Updated 1 hostname.')).toMatchObject({ kind: 'unchanged' });
    expect(await said('badauth', 'Updated 1 hostname.')).toMatchObject({ failure: { class: 'credentials' } });
    expect(await said('!yours', '')).toMatchObject({ failure: { class: 'not_found' } });
  });

  it('takes nothing else for it', async () => {
    expect(await answered('ddnss', { body: page('Updated 1 hostname.') })).toMatchObject({
      failure: { unclear: true, message: expect.stringContaining('header "DDNSS-Response"') },
    });
    expect(await said('fine', 'Updated 1 hostname.')).toMatchObject({
      failure: { unclear: true, message: expect.stringContaining('"fine"') },
    });
  });
});

describe('the address a service says', () => {
  it.each([
    ['freedns', `ERROR: Address ${V4} has not changed.`, 'unchanged'],
    ['freedns', `Updated ${NAME} to ${V4} in 0.5 seconds`, 'updated'],
    ['zoneedit', `<SUCCESS CODE="200" TEXT="${NAME} updated to ${V4}" ZONE="example.org">`, 'updated'],
    [
      'zoneedit',
      `<ERROR CODE="700" TEXT="no update required for ${NAME} to ${V4}" ZONE="example.org">`,
      'unchanged',
    ],
    ['njalla', `{"status": 200, "message": "record updated", "value": {"A": "${V4}"}}`, 'updated'],
    ['goip', `${NAME} (${V4})`, 'updated'],
  ])('%s: %s', async (row, body, kind) => {
    expect(await answered(row, { body })).toMatchObject({ kind });
    expect(await answered(row, { body: body.replace(V4, OTHER) })).toMatchObject({
      kind: 'failed',
      failure: { message: expect.stringContaining(`${OTHER} instead of ${V4}`) },
    });
  });

  it('is not looked for in other failures of ZoneEdit', async () => {
    expect(await answered('zoneedit', { body: '<ERROR CODE="700" TEXT="something else">' })).toMatchObject({
      failure: { unclear: true },
    });
  });
});

describe('a status and a body beside it', () => {
  it.each([
    ['selfhost', 200, `nochg ${V4}`, { kind: 'unchanged' }],
    ['selfhost', 200, `good ${V4}`, { kind: 'updated' }],
    ['selfhost', 200, '', { kind: 'updated' }],
    ['selfhost', 200, 'abuse', { failure: { class: 'refused', scope: 'sink' } }],
    ['ipv64', 200, `good ${V4}`, { kind: 'updated' }],
    ['ipv64', 200, '{"info":"nochg","ipv4":""}', { kind: 'unchanged' }],
    ['ipv64', 403, '{"info":"Updateintervall overcommited"}', { failure: { class: 'rate_limited' } }],
    ['ipv64', 403, '', { failure: { class: 'credentials' } }],
  ])('%s %d %s', async (row, status, body, result) => {
    expect(await answered(row, { status, body })).toMatchObject(result);
  });
});

describe('words nobody documented are shown', () => {
  const xml = (error: string) =>
    `<?xml version="1.0"?><interface-response><ErrCount>1</ErrCount><errors><Err1>${error}</Err1></errors></interface-response>`;

  it('namecheap', async () => {
    const result = await answered('namecheap-dyndns', { body: xml('Domain name not active') });
    expect(result).toMatchObject({
      failure: {
        class: 'transient',
        scope: 'record',
        message: expect.stringMatching(/^Domain name not active: /),
      },
    });
    expect(result).not.toHaveProperty('failure.unclear');
  });

  it('njalla', async () => {
    const body = '{"status": 400, "message": "no address given"}';
    expect(await answered('njalla', { body })).toMatchObject({
      failure: { class: 'invalid', message: expect.stringContaining('no address given') },
    });
    expect(await answered('njalla', { body: body.replace('400', '418') })).toMatchObject({
      failure: { unclear: true, message: expect.stringContaining('no address given') },
    });
  });
});
