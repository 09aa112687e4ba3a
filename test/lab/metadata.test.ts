import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { clouds } from '../../src/sources/addresses/metadata/clouds.ts';
import { cloudOf, readFirmware } from '../../src/sources/addresses/metadata/firmware.ts';
import { dig } from './support/dig.ts';
import { Lab } from './support/lab.ts';
import { eventually } from './support/moment.ts';
import type { Namespace } from './support/namespace.ts';
import { describeLab } from './support/needs.ts';
import { type LogLine, type Netdrift, startNetdrift } from './support/netdrift.ts';
import { type PlainNetwork, plainNetwork } from './support/networks.ts';
import type { LabProcess } from './support/process.ts';
import { Recorder } from './support/recorder.ts';

let lab: Lab;
beforeEach(async () => {
  lab = await Lab.open();
});
afterEach(() => lab.close());

// A metadata service: `node imds.cjs MODE PREFIX`. On stdin one JSON object of items, again and again; on stdout each request.
const IMDS = `
const http = require('node:http');
const [mode, vendor] = process.argv.slice(2);
let items = {};
const TOKEN = 'A1b2-token==';
require('node:readline').createInterface({ input: process.stdin })
  .on('line', (line) => { items = JSON.parse(line); console.log('has items'); })
  .on('close', () => process.exit(0));
http.createServer((request, response) => {
  console.log(request.method + ' ' + request.headers.host + request.url);
  const say = (status, body) => { response.writeHead(status, { 'content-type': 'text/plain' }); response.end(body); };
  if (mode === 'hang') return;
  if (mode === 'portal') return say(200, '<html>Welcome, 203.0.113.66! Please log in.</html>');
  if (request.headers['x-forwarded-for']) return say(403, 'Forbidden');
  if (request.url === '/latest/api/token') {
    const life = Number(request.headers['x-' + vendor + '-metadata-token-ttl-seconds']);
    if (request.method !== 'PUT') return say(405, '');
    return life >= 1 && life <= 21600 ? say(200, TOKEN) : say(400, 'Missing or Invalid Parameters');
  }
  if (request.headers['x-' + vendor + '-metadata-token'] !== TOKEN) return say(401, 'Unauthorized');
  const item = items[request.url.replace('/latest/meta-data/', '')];
  return item === undefined ? say(404, '<html>404 - Not Found</html>') : say(200, item);
}).listen(80, '0.0.0.0', () => console.log('ready'));
`;

/** Puts the endpoint's address on the next host, as the hypervisor does, with a route to it. */
async function attach({ host, outside }: PlainNetwork, endpoint: string): Promise<void> {
  await outside.addAddress('eth0', `${endpoint}/32`);
  await host.ip(`route add ${endpoint}/32 dev eth0`);
}

async function startService(outside: Namespace, mode: string, vendor = 'aws-ec2'): Promise<LabProcess> {
  const file = path.join(lab.folder('imds'), 'imds.cjs');
  writeFileSync(file, IMDS);
  const service = outside.spawn([process.execPath, file, mode, vendor]);
  await service.line('ready');
  return service;
}

async function tell(service: LabProcess, items: Readonly<Record<string, string>>): Promise<void> {
  const after = service.lines.mark();
  service.child.stdin?.write(`${JSON.stringify(items)}\n`);
  await service.lines.find(({ text }) => text === 'has items', { after });
}

const requestsOf = (service: LabProcess): string[] =>
  service.lines.items.map(({ text }) => text).filter((text) => /^(?:GET|PUT) /.test(text));

interface Scene {
  readonly ipv4?: readonly unknown[];
  readonly ipv6?: readonly unknown[];
  readonly env?: Readonly<Record<string, string>>;
}

function start(namespace: Namespace, { env, ...families }: Scene): Netdrift {
  return startNetdrift(lab, {
    namespace,
    ...(env === undefined ? {} : { env }),
    config: {
      uplinks: { wan: { ...families, allow: ['documentation'] } },
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

const failing =
  (words: string) =>
  ({ event, detector, message }: LogLine): boolean =>
    event === 'detector_failed' && detector === 'metadata' && String(message).includes(words);

const served = async (host: Namespace, type: string): Promise<string[]> => [
  ...(await dig(host, { server: '127.0.0.1', port: 15353, name: 'home.netdrift.test', type })).values,
];

describeLab('cloud metadata', ['dig'], () => {
  test('of AWS at 169.254.169.254 is published, both families, past a proxy, and again when it changes', async () => {
    const network = await plainNetwork(lab);
    await attach(network, '169.254.169.254');
    const service = await startService(network.outside, 'token');
    await tell(service, { 'public-ipv4': '203.0.113.7', ipv6: '2001:db8::7' });
    const proxy = await Recorder.start(lab, network.outside, { port: 3128 });
    const proxyUrl = `http://${network.server}:3128`;
    const aws = [{ detector: 'metadata', cloud: 'aws' }];
    const netdrift = start(network.host, {
      ipv4: aws,
      ipv6: aws,
      env: { HTTP_PROXY: proxyUrl, http_proxy: proxyUrl, HTTPS_PROXY: proxyUrl },
    });
    await eventually('both are served', async () => {
      const both = [...(await served(network.host, 'A')), ...(await served(network.host, 'AAAA'))];
      return both.join(' ') === '203.0.113.7 2001:db8::7';
    });
    expect(proxy.requests.items).toEqual([]);
    expect(new Set(requestsOf(service))).toEqual(
      new Set([
        'PUT 169.254.169.254/latest/api/token',
        'GET 169.254.169.254/latest/meta-data/public-ipv4',
        'GET 169.254.169.254/latest/meta-data/ipv6',
      ]),
    );

    // The elastic address is taken away, then another one is given: what is published stays until there is a new one.
    const after = netdrift.log.mark();
    await tell(service, { ipv6: '2001:db8::7' });
    expect((await netdrift.command('trigger')).code).toBe(0);
    await netdrift.line(failing('names no public IPv4 address'), { after });
    expect(await served(network.host, 'A')).toEqual(['203.0.113.7']);
    await tell(service, { 'public-ipv4': '203.0.113.8', ipv6: '2001:db8::7' });
    await netdrift.command('trigger');
    await eventually(
      'the new one is served',
      async () => (await served(network.host, 'A'))[0] === '203.0.113.8',
    );
  });

  test('of Alibaba Cloud at 100.100.100.200 is published, both families', async () => {
    const network = await plainNetwork(lab);
    await attach(network, '100.100.100.200');
    const service = await startService(network.outside, 'token', 'aliyun-ecs');
    const mac = '00:16:3e:0f:aa:bb';
    await tell(service, {
      eipv4: '203.0.113.7',
      mac,
      [`network/interfaces/macs/${mac}/ipv6s`]: '[2001:db8::7]',
    });
    const alibaba = [{ detector: 'metadata', cloud: 'alibaba' }];
    start(network.host, { ipv4: alibaba, ipv6: alibaba });
    await eventually('both are served', async () => {
      const both = [...(await served(network.host, 'A')), ...(await served(network.host, 'AAAA'))];
      return both.join(' ') === '203.0.113.7 2001:db8::7';
    });
  });

  test('that hangs delays the first look only, and is left alone for a while, or until the network has changed', async () => {
    const network = await plainNetwork(lab);
    const { host, outside, server } = network;
    await attach(network, '169.254.169.254');
    const service = await startService(outside, 'hang');
    const next = await Recorder.start(lab, outside, { port: 8080, reply: { body: '203.0.113.9' } });
    const netdrift = start(host, {
      ipv4: [
        { detector: 'metadata', cloud: 'aws' },
        { detector: 'http', services: [`http://${server}:8080/`] },
      ],
    });
    // The next witness does not wait for it to end.
    await eventually(
      'the next witness is believed',
      async () => (await served(host, 'A'))[0] === '203.0.113.9',
    );
    expect(requestsOf(service)).toEqual(['PUT 169.254.169.254/latest/api/token']);

    // Nobody else answers now, so that it is heard what becomes of each look at the metadata.
    await next.reply({ status: 503 });
    const after = netdrift.log.mark();
    await netdrift.command('trigger');
    await netdrift.line(failing('has never answered; it is asked again in '), { after });
    expect(requestsOf(service)).toHaveLength(1);

    await host.addAddress('eth0', '198.51.100.11/24');
    await eventually('it is asked once more', () => requestsOf(service).length === 2);
  });

  test('from a captive portal is not believed', async () => {
    const network = await plainNetwork(lab);
    const { host, outside, server } = network;
    await attach(network, '169.254.169.254');
    await startService(outside, 'portal');
    await Recorder.start(lab, outside, { port: 8080, reply: { body: '203.0.113.9' } });
    const detectors = ['aws', 'hetzner', 'google', 'digitalocean'].map((cloud) => ({
      detector: 'metadata',
      cloud,
    }));
    const netdrift = start(host, {
      ipv4: [...detectors, { detector: 'http', services: [`http://${server}:8080/`] }],
    });
    await eventually(
      'the other witness is believed',
      async () => (await served(host, 'A'))[0] === '203.0.113.9',
    );
    const failed = netdrift.log.items.filter(({ event }) => event === 'detector_failed');
    expect(failed.map(({ witness }) => witness).sort()).toEqual(['aws', 'digitalocean', 'google', 'hetzner']);
  });
});

const here = cloudOf(await readFirmware(), clouds);

describeLab(here === undefined ? 'a machine of no cloud' : `[skipped: this is ${here.name}]`, ['dig'], () => {
  test.skipIf(here !== undefined)(
    'sends nothing to the address where clouds have their metadata',
    async () => {
      const network = await plainNetwork(lab);
      const { host, outside, server } = network;
      await attach(network, '169.254.169.254');
      const service = await startService(outside, 'token');
      await tell(service, { 'public-ipv4': '203.0.113.66' });
      await Recorder.start(lab, outside, { port: 8080, reply: { body: '203.0.113.9' } });
      const netdrift = start(host, {
        ipv4: ['metadata', { detector: 'http', services: [`http://${server}:8080/`] }],
      });
      await eventually(
        'the next witness is believed',
        async () => (await served(host, 'A'))[0] === '203.0.113.9',
      );
      await netdrift.line(failing('names no cloud known here'));
      expect(requestsOf(service)).toEqual([]);
    },
  );
});
