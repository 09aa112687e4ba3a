import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HttpPool } from '../../../src/net/http-client.ts';
import type { Meaning } from '../../../src/sinks/table/meaning.ts';
import { rowProviders } from '../../../src/sinks/table/providers.ts';
import { readService } from '../../../src/sinks/table/row.ts';
import type { Service } from '../../../src/sinks/table/service.ts';
import { type FakeHttpServer, type Reply, startHttpServer } from '../../fakes/http-server.ts';
import { httpPool } from '../../fakes/sink-call.ts';
import { mappingFor, nameFor, SECRET, targetsFor, V4, V6, writeTo } from './support.ts';

let server: FakeHttpServer;
let pool: HttpPool;
beforeAll(async () => {
  server = await startHttpServer();
  pool = httpPool();
});
afterAll(async () => {
  await pool.close();
  await server.close();
});

/** An answer in which the service says this word, as its documentation shows it. */
function replyFor(word: string, { answer }: Service, name: string, addresses: string): Reply {
  const said = word
    .replaceAll('{name}', name)
    .replaceAll('{addresses}', addresses)
    .replaceAll('*', 'some text');
  const [first = ''] = answer.field;
  switch (answer.read) {
    case 'json':
      return { body: JSON.stringify({ [first]: said, message: 'more' }) };
    case 'xml': {
      const field = said === '0' ? answer.field.at(-1) : first;
      return { body: `<?xml version="1.0"?><r><errors><${field}>${said}</${field}></errors></r>` };
    }
    case 'html':
      return { body: `<HTML><BODY><FONT SIZE="-1">${said}<br />\n</FONT></BODY></HTML>` };
    case 'header':
      return { headers: { [first]: said }, body: '<head><title>Service</title></head>' };
    default:
      return { body: said };
  }
}

const expected = (meaning: Meaning): object =>
  meaning.kind === 'failed'
    ? {
        kind: 'failed',
        failure: {
          class: meaning.class,
          scope: meaning.account ? 'sink' : 'record',
          ...(meaning.retryAfter === undefined ? {} : { retryAfter: meaning.retryAfter }),
        },
      }
    : { kind: meaning.kind };

describe.each(rowProviders.map((provider) => [provider.name, provider] as const))('%s', (_, provider) => {
  const service = readService(provider.row);
  const targets = targetsFor(provider);
  const addresses = targets.map(({ addresses: [address] }) => address).join(' ');
  const ask = (answer: Reply) => {
    server.next(answer);
    return writeTo(provider, mappingFor(provider, server.url), pool.client, targets);
  };
  const { read, words } = service.answer;
  const reply = (word: string) => replyFor(word, service, nameFor(provider), addresses);
  // A status without a body (204) leaves no room for words.
  const said = read === 'status' && !service.statuses.has(200) ? [] : words;

  it.each(said.map(({ word, meaning }) => [word, meaning] as const))(
    'takes the word %j for what it means',
    async (word, meaning) => {
      const results = await ask(reply(word));
      expect(results).toHaveLength(targets.length);
      for (const result of results) {
        expect(result).toMatchObject(expected(meaning));
        if (result.kind === 'failed') {
          expect(result.failure.unclear).toBeUndefined();
          expect(result.failure.message.length).toBeGreaterThan(10);
        }
      }
    },
  );

  it.each([...service.statuses])('takes the status %d for what it means', async (status, meaning) => {
    for (const result of await ask({ status, body: '' })) expect(result).toMatchObject(expected(meaning));
  });

  it.each([
    ['a web page', '<!DOCTYPE html><html><body>good OK UPDATED success 0 true</body></html>'],
    ['a web page that repeats the address', `<html><body>good ${V4} ${V6}</body></html>`],
    ['an XHTML page', '<?xml version="1.0"?><html><ErrCount>0</ErrCount><success>true</success></html>'],
    ['badauth', 'badauth'],
    ['words nobody documented', 'everything is fine'],
    ['nothing', read === 'status' ? '<html></html>' : ''],
    ['a success with more behind it', 'good for nothing'],
    ['a page behind a remark', '<!-- portal --><html><body>OK</body></html>'],
    ['a page without a beginning', '<title>Sign in</title>OK'],
    ['a page with a head', '<html><head><title>OK</title></head><body>OK</body></html>'],
    ['a page with a way on', '<html><body>OK <a href="/login">sign in</a></body></html>'],
    ['a part of a page', '<div>good</div>'],
    ['a page of code', '<script>function f () { }</script>'],
    ['a page of another server', '<center><h1>OK</h1></center><hr><center>nginx</center>'],
    ['an error in JSON', '{"info":"error"}'],
    ['an error in words', 'error: domain not found'],
    ['a refusal in words', 'Too many requests today'],
    ['an error with brackets', 'Fehler ()'],
    ['an error with the address', `Fehler: Subdomain gehoert Ihnen nicht (${V4})`],
    ['the address of another name', `other.example.net (${V4})`],
    ['a page with brackets', '<p>Sign in</p> function f () { }'],
  ])('never takes %s with status 200 for a success', async (_what, body) => {
    expectFailure(await ask({ body }));
  });

  it.each([201, 202, 206, 301, 302, 400, 401, 403, 404, 418, 429, 500, 502, 503])(
    'never takes the words of success with status %d for one, unless documented',
    async (status) => {
      if (status < 300 && read !== 'status') return;
      const success = words.find(({ meaning }) => meaning.kind !== 'failed')?.word ?? 'good';
      expectFailure(await ask({ ...reply(success), status }));
    },
  );

  it('never shows the secret, though the service repeats it', async () => {
    const results = await ask({ status: 400, body: `what is ${SECRET} or ${encodeURIComponent(SECRET)}?` });
    expect(JSON.stringify(results)).not.toContain(SECRET);
  });

  it('sends to the documented place over TLS', () => {
    expect(service.url).toMatch(/^https:\/\//);
    expect(provider.documentation).toMatch(/^https:\/\//);
    expect(provider.credentials.length).toBeGreaterThan(15);
  });
});

function expectFailure(results: Awaited<ReturnType<typeof writeTo>>): void {
  expect(results.length).toBeGreaterThan(0);
  for (const result of results) expect(result.kind).toBe('failed');
}
