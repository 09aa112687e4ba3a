import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, test } from 'vitest';
import { makeCertificate } from '../fakes/certificate.ts';
import { dig } from './support/dig.ts';
import { Lab } from './support/lab.ts';
import { eventually } from './support/moment.ts';
import { startNamed } from './support/named.ts';
import type { Namespace } from './support/namespace.ts';
import { describeLab } from './support/needs.ts';
import { type LogLine, type Netdrift, startNetdrift } from './support/netdrift.ts';
import { homeNetwork } from './support/networks.ts';
import type { LabProcess } from './support/process.ts';

let lab: Lab;
beforeEach(async () => {
  lab = await Lab.open();
});
afterEach(() => lab.close());

// Answers every TXT question with the address it came from, by hand: over UDP and TCP at 5300, over TLS at 853, over HTTPS at 443
// (BIND has HTTPS over HTTP/2 alone, which is not spoken here). One line on stdout for each.
const RESPONDER = `
const [key, cert] = process.argv.slice(2).map((file) => require('node:fs').readFileSync(file));
const answer = (query, from, via) => {
  let end = 12;
  while (query[end] !== 0) end += query[end] + 1;
  end += 5;
  const text = Buffer.from(from.replace('::ffff:', ''));
  const head = Buffer.from(query.subarray(0, 12));
  head.writeUInt16BE(0x8180, 2);
  head.writeUInt16BE(1, 6);
  const record = Buffer.alloc(13);
  record.writeUInt16BE(0xc00c, 0);
  query.copy(record, 2, end - 4, end);
  record.writeUInt16BE(text.length + 1, 10);
  record[12] = text.length;
  console.log(via + ' from ' + text);
  return Buffer.concat([head, query.subarray(12, end), record, text]);
};
const stream = (via) => (socket) => {
  let held = Buffer.alloc(0);
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    held = Buffer.concat([held, chunk]);
    if (held.length < 2 || held.length < 2 + held.readUInt16BE(0)) return;
    const said = answer(held.subarray(2), socket.remoteAddress, via);
    socket.end(Buffer.concat([Buffer.from([said.length >> 8, said.length & 255]), said]));
  });
};
const web = (request, response) => {
  const asked = new URL(request.url, 'https://here');
  const good = asked.pathname === '/dns-query' && request.headers.accept === 'application/dns-message';
  if (request.method !== 'GET' || !good) return response.writeHead(415).end();
  response.writeHead(200, { 'content-type': 'application/dns-message' });
  response.end(answer(Buffer.from(asked.searchParams.get('dns'), 'base64url'), request.socket.remoteAddress, 'https'));
};
const udp = require('node:dgram').createSocket('udp4');
udp.on('message', (query, { port, address }) => udp.send(answer(query, address, 'udp'), port, address));
udp.bind(5300, () => {
  require('node:net').createServer(stream('tcp')).listen(5300, '0.0.0.0', () => {
    require('node:tls').createServer({ key, cert }, stream('tls')).listen(853, '0.0.0.0', () => {
      require('node:https').createServer({ key, cert }, web).listen(443, '0.0.0.0', () => console.log('ready'));
    });
  });
});
`;

interface Responder {
  readonly process: LabProcess;
  /** The file of the certificate, which vouches for itself. */
  readonly authority: string;
}

async function startResponder(outside: Namespace, server: string): Promise<Responder> {
  const folder = lab.folder('responder');
  const place = (name: string, text: string): string => {
    writeFileSync(path.join(folder, name), text);
    return path.join(folder, name);
  };
  const { key, cert } = makeCertificate([server]);
  const authority = place('cert.pem', cert);
  const program = place('responder.cjs', RESPONDER);
  const process_ = outside.spawn([process.execPath, program, place('key.pem', key), authority]);
  await process_.line('ready');
  return { process: process_, authority };
}

function start(
  namespace: Namespace,
  services: readonly object[],
  env: Readonly<Record<string, string>> = {},
): Netdrift {
  return startNetdrift(lab, {
    namespace,
    env,
    config: {
      uplinks: { wan: { ipv4: [{ detector: 'dns', services }], allow: ['documentation'] } },
      sinks: {
        local: {
          provider: 'embedded',
          listen: '127.0.0.1:15353',
          records: ['home.netdrift.test'],
          allow: ['documentation'],
        },
      },
      log: { level: 'debug', format: 'json' },
    },
  });
}

const served = (host: Namespace, address: string): Promise<true> =>
  eventually(`${address} is served`, async () => {
    const { values } = await dig(host, {
      server: '127.0.0.1',
      port: 15353,
      name: 'home.netdrift.test',
      type: 'A',
    });
    return values.join(' ') === address;
  });

const said =
  (event: string, words: string) =>
  (line: LogLine): boolean =>
    line.event === event && line['detector'] === 'dns' && String(line['message']).includes(words);

describeLab('a name server that tells the caller its address', ['dig'], () => {
  test.each([
    ['udp', 'udp'],
    ['tcp', 'tcp'],
    ['dot', 'tls'],
    ['doh', 'https'],
  ])('is asked over %s, behind NAT, before and after a change', async (transport, via) => {
    const { host, outside, server, changeOutsideAddress } = await homeNetwork(lab);
    const responder = await startResponder(outside, server);
    const port = transport === 'dot' ? 853 : 5300;
    const place =
      transport === 'doh' ? { url: `https://${server}/dns-query` } : { server: `${server}:${port}` };
    const service = { ...place, transport, name: 'whoami.cloudflare', type: 'TXT', class: 'CH' };
    const netdrift = start(host, [service], { NODE_EXTRA_CA_CERTS: responder.authority });
    await served(host, '203.0.113.10');
    await responder.process.line(`${via} from 203.0.113.10`);
    await changeOutsideAddress('203.0.113.99');
    await netdrift.command('trigger');
    await served(host, '203.0.113.99');
  });

  test('is not believed over TLS without a certificate that somebody vouches for', async () => {
    const { host, outside, server } = await homeNetwork(lab);
    const responder = await startResponder(outside, server);
    const own = { name: 'whoami.cloudflare', type: 'TXT', class: 'CH' };
    const netdrift = start(host, [
      { server: `${server}:853`, transport: 'dot', ...own },
      { server: `${server}:5300`, transport: 'tcp', ...own },
    ]);
    await netdrift.line(said('detector_failed', 'DEPTH_ZERO_SELF_SIGNED_CERT'));
    await served(host, '203.0.113.10');
    await responder.process.line('tcp from 203.0.113.10');
  });
});

const ZONE = { name: 'example.org', records: 'whoami TXT "203.0.113.10"' };
const WHOAMI = { name: 'whoami.example.org', type: 'TXT', authoritative: true };

/** BIND as a resolver that has everything from `upstream`: what a router or provider puts in the way of port 53. */
async function startForwarder(namespace: Namespace, upstream: string): Promise<void> {
  const folder = lab.folder('forwarder');
  const file = path.join(folder, 'named.conf');
  writeFileSync(
    file,
    `options {
       directory "${folder}"; pid-file none; session-keyfile none; lock-file none;
       listen-on port 53 { any; }; listen-on-v6 { none; };
       recursion yes; allow-recursion { any; }; allow-query-cache { any; }; dnssec-validation no;
       forward only; forwarders { ${upstream}; };
     };
     controls { };`,
  );
  const named = namespace.spawn(['named', '-f', '-g', '-n', '1', '-c', file], { folder });
  await named.line(/ running$/, 10_000);
}

/** BIND that tells each client the address it asks from, over UDP, TCP and TLS (853). */
async function startTeller(outside: Namespace, server: string, clients: readonly string[]): Promise<string> {
  const folder = lab.folder('teller');
  const { key, cert } = makeCertificate([server]);
  const place = (name: string, text: string): string => {
    writeFileSync(path.join(folder, name), text);
    return path.join(folder, name);
  };
  const authority = place('cert.pem', cert);
  await startNamed(lab, outside, {
    views: clients.map((client) => ({
      clients: [client],
      zones: [{ name: 'example.org', records: `whoami TXT "${client}"` }],
    })),
    options: 'listen-on port 853 tls own { any; };',
    configuration: `tls own { key-file "${place('key.pem', key)}"; cert-file "${authority}"; };`,
  });
  return authority;
}

describeLab('an authoritative name server (BIND)', ['named', 'dig'], () => {
  test.each([
    ['udp', (server: string) => ({ server, transport: 'udp' })],
    ['tcp', (server: string) => ({ server, transport: 'tcp' })],
    ['dot', (server: string) => ({ server, transport: 'dot' })],
  ])(
    'that tells each client its own address is believed over %s, before and after a change',
    async (_, at) => {
      const { host, outside, server, changeOutsideAddress } = await homeNetwork(lab);
      const authority = await startTeller(outside, server, ['203.0.113.10', '203.0.113.99']);
      const netdrift = start(host, [{ ...at(server), ...WHOAMI }], { NODE_EXTRA_CA_CERTS: authority });
      await served(host, '203.0.113.10');
      await changeOutsideAddress('203.0.113.99');
      await netdrift.command('trigger');
      await served(host, '203.0.113.99');
    },
  );

  test('is not believed when the router answers in its place; TLS goes past the router', async () => {
    const { host, router, outside, server } = await homeNetwork(lab);
    // What the resolver tells is its own address, as the true services would.
    await startNamed(lab, outside, { zones: [{ ...ZONE, records: 'whoami TXT "203.0.113.66"' }] });
    await startForwarder(router, server);
    await router.nft(`
      table ip interception {
        chain before {
          type nat hook prerouting priority dstnat
          iifname "lan" meta l4proto { tcp, udp } th dport 53 dnat to 192.168.1.1
        }
      }`);
    const responder = await startResponder(outside, server);
    const netdrift = start(
      host,
      [
        { server, transport: 'udp', ...WHOAMI },
        { server, transport: 'tcp', ...WHOAMI },
        { server, transport: 'dot', name: 'whoami.cloudflare', type: 'TXT', class: 'CH' },
      ],
      { NODE_EXTRA_CA_CERTS: responder.authority },
    );
    await served(host, '203.0.113.10');
    const why = 'somebody on the path answers in its place';
    for (const scheme of ['udp', 'tcp']) {
      await netdrift.line(
        (line) => said('detector_failed', why)(line) && String(line['witness']).includes(`${scheme}://`),
      );
    }
  });
});
