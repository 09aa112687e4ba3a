import assert from 'node:assert/strict';
import { createServer as createHttpServer, request } from 'node:http';
import { connect } from 'node:net';
import fc from 'fast-check';
import { address } from '../../../src/model/address.ts';
import { HttpFailure } from '../../../src/net/http.ts';
import { createAnswerReader } from '../../../src/net/http-body.ts';
import { faultOf } from '../../../src/net/http-faults.ts';
import { listenForEvents } from '../../../src/net/upnp/callback-server.ts';
import { lanExchange } from '../../../src/net/upnp/lan-http.ts';
import { httpPool } from '../../fakes/sink-call.ts';
import { event } from '../../net/upnp/documents.ts';
import { BluntServer } from '../support/blunt-server.ts';
import { isFitToShow } from '../support/expect.ts';
import { anyText, hostileOctets, hostileText } from '../support/mutate.ts';
import { type FuzzTarget, target } from '../support/target.ts';

const LOCAL = address('127.0.0.1');
const octetsOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const lines = (...all: readonly string[]): string => [...all, '', ''].join('\r\n');

const ANSWERS: readonly Uint8Array[] = [
  `${lines('HTTP/1.1 200 OK', 'Content-Type: text/plain', 'Content-Length: 9')}192.0.2.1`,
  `${lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')}9\r\n192.0.2.1\r\n0\r\n\r\n`,
  lines('HTTP/1.1 204 No Content', 'Retry-After: 30', 'Retry-After: 60'),
  lines('HTTP/1.1 302 Found', 'Location: http://[', 'Content-Length: 0'),
  `${lines('HTTP/1.0 200 OK', 'Content-Encoding: gzip')}x`,
  lines('HTTP/1.1 100 Continue') + lines('HTTP/1.1 500 Oops', 'Content-Length: 0'),
].map(octetsOf);

const BODY = event({ ExternalIPAddress: '192.0.2.1' });
const EVENTS: readonly Uint8Array[] = [
  lines(
    'NOTIFY /token HTTP/1.1',
    'HOST: 127.0.0.1',
    'NT: upnp:event',
    'NTS: upnp:propchange',
    'SID: uuid:1',
    'SEQ: 0',
    `CONTENT-LENGTH: ${BODY.length}`,
  ) + BODY,
  lines('GET / HTTP/1.1', 'Host: x'),
  `${lines('NOTIFY / HTTP/1.1', 'HOST: x', 'NT: upnp:event', 'NTS: upnp:propchange', 'TRANSFER-ENCODING: chunked')}ffff\r\n`,
].map(octetsOf);

const server = new BluntServer();
const http = httpPool();

type Said = { readonly token: string; readonly sid: string; readonly body: string };
const said: Said[] = [];
const open = async () => {
  const init = {
    localAddress: LOCAL,
    gateway: LOCAL,
    onNotification: (one: Said) => said.push(one) > 0,
    onStranger: () => assert.fail('we are the gateway'),
    onError: (error: Error) => assert.fail(error),
  };
  // Kept out of the way of the process's end.
  return listenForEvents(init, {
    createServer: ((...parameters: Parameters<typeof createHttpServer>) =>
      createHttpServer(...parameters).unref()) as typeof createHttpServer,
  });
};
let inbox: ReturnType<typeof open> | undefined;

/** Sends the octets on a connection of its own, and answers what came back before the other side closed it. */
function send(port: number, octets: Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    let heard = '';
    const socket = connect(port, '127.0.0.1', () => socket.end(octets));
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      heard += chunk;
    });
    // It may well cut us off.
    socket.on('error', () => {});
    socket.on('close', () => resolve(heard));
  });
}

const ERRORS = [
  'Proxy response (407) !== 200 when HTTP Tunneling',
  '0000:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../deps/openssl/ssl/record.c:355:\n',
  'bad response',
];
const CODES = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'ETIMEDOUT',
  'UND_ERR_PRX_TLS',
  'ERR_INVALID_CHAR',
  'CERT_HAS_EXPIRED',
];

const QUIET = { code: undefined, syscall: undefined, sent: false, answered: false };

const header = fc.oneof(hostileText(['identity', '12', 'a, b']), fc.array(anyText(20), { maxLength: 3 }));

export const exchangeTargets: readonly FuzzTarget[] = [
  target({
    name: 'http answer, piece by piece',
    reads: 'the network',
    inputs: fc.record({
      status: fc.nat({ max: 999 }),
      headers: fc.dictionary(
        fc.oneof(fc.constantFrom('content-encoding', 'content-length', '__proto__', 'date'), anyText(10)),
        header,
      ),
      pieces: fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 }),
    }),
    check: ({ status, headers, pieces }) => {
      const reader = createAnswerReader({ method: 'GET', url: new URL('http://a.example'), maxBytes: 100 });
      try {
        reader.start(status, headers);
        for (const piece of pieces) reader.data(Buffer.from(piece));
        const answer = reader.answer();
        assert.ok(Object.values(answer.headers).every((value) => typeof value === 'string'));
        assert.ok(Buffer.concat(pieces).length <= 100);
      } catch (error) {
        if (!(error instanceof HttpFailure)) throw error;
        isFitToShow(error.message);
      }
    },
  }),
  target({
    name: 'fault of an exchange',
    reads: 'the network',
    inputs: fc.record({
      message: hostileText(ERRORS),
      code: fc.option(fc.constantFrom(...CODES), { nil: undefined }),
      syscall: fc.option(fc.constant('connect'), { nil: undefined }),
      sent: fc.boolean(),
      answered: fc.boolean(),
    }),
    growth: [(size) => ({ ...QUIET, message: `SSL routines:${':'.repeat(size)}` })],
    check: ({ message, code, syscall, sent, answered }) => {
      const error = Object.assign(new Error(message), { code, syscall });
      const fault = faultOf(error, { sent, answered }, 'https://a.example');
      assert.ok(fault instanceof HttpFailure);
      isFitToShow(fault.message);
    },
  }),
  target({
    name: 'http answer, from its octets',
    reads: 'the network',
    // Over a real socket.
    runs: 100,
    inputs: hostileOctets(ANSWERS),
    check: async (octets) => {
      const url = new URL(`http://127.0.0.1:${await server.answering(octets)}/`);
      try {
        const answer = await http.client({ method: 'GET', url, closing: true }, AbortSignal.timeout(2_000));
        assert.ok(Number.isSafeInteger(answer.status));
      } catch (error) {
        if (!(error instanceof HttpFailure)) throw error;
        isFitToShow(error.message);
        assert.notEqual(error.kind, 'timeout', 'waits although the other side has closed');
      }
    },
  }),
  target({
    name: 'http answer of a router',
    reads: 'the network',
    runs: 100,
    inputs: hostileOctets(ANSWERS),
    check: async (octets) => {
      const url = new URL(`http://127.0.0.1:${await server.answering(octets)}/`);
      const signal = new AbortController().signal;
      const wanted = { method: 'GET', url, localAddress: LOCAL, deadline: 2_000, signal } as const;
      const answer = await lanExchange(wanted, { request });
      if (answer.kind === 'answered') assert.ok(Number.isSafeInteger(answer.status));
      else {
        isFitToShow(answer.why);
        assert.doesNotMatch(answer.why, /no answer within/, 'waits although the other side has closed');
      }
    },
  }),
  target({
    name: 'events of a router, from their octets',
    reads: 'the network',
    runs: 100,
    inputs: hostileOctets(EVENTS),
    check: async (octets) => {
      inbox ??= open();
      const { port } = await inbox;
      said.length = 0;
      await send(port, octets);
      for (const { token, sid, body } of said) {
        assert.ok([token, sid, body].every((text) => typeof text === 'string'));
        assert.ok(body.length <= 16 * 1_024);
      }
      // It goes on serving, whatever came.
      said.length = 0;
      assert.match(await send(port, EVENTS[0] ?? octets), /^HTTP\/1\.1 200 /);
      assert.deepEqual(said, [{ token: 'token', sid: 'uuid:1', body: BODY }]);
    },
  }),
];
