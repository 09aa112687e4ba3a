import { afterEach, beforeEach, expect, test } from 'vitest';
import { clouds } from '../../src/sources/addresses/metadata/clouds.ts';
import { type CloudScene, cloudScenes, IPV6, redirect } from './metadata-clouds.ts';
import { attach, firmware, MetadataService } from './metadata-service.ts';
import { dig } from './support/dig.ts';
import { Lab } from './support/lab.ts';
import { eventually } from './support/moment.ts';
import type { Namespace } from './support/namespace.ts';
import { describeLab } from './support/needs.ts';
import { type LogLine, type Netdrift, startNetdrift } from './support/netdrift.ts';
import { type PlainNetwork, plainNetwork } from './support/networks.ts';
import { Recorder } from './support/recorder.ts';

let lab: Lab;
beforeEach(async () => {
  lab = await Lab.open();
});
afterEach(() => lab.close());

const ADDRESS6 = '2001:db8::10';

/** A machine with a default route of either family: a first question that was too slow is put again then. */
async function machine(): Promise<PlainNetwork> {
  const network = await plainNetwork(lab);
  await network.outside.addAddress('eth0', '2001:db8::1/64');
  await network.host.addAddress('eth0', `${ADDRESS6}/64`);
  await network.host.defaultRoute('2001:db8::1', { device: 'eth0' });
  return network;
}

interface Scene {
  readonly ipv4?: readonly unknown[];
  readonly ipv6?: readonly unknown[];
  readonly env?: Readonly<Record<string, string>>;
  /** What the firmware of the machine says; nothing if not given. */
  readonly says?: Readonly<Record<string, string>>;
}

function start(namespace: Namespace, { env, says = {}, ...families }: Scene): Netdrift {
  return startNetdrift(lab, {
    namespace,
    wrapper: firmware(lab, says),
    ...(env === undefined ? {} : { env }),
    config: {
      watch: { every: '1h' },
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

/** On a machine so busy that the first answer misses its 300 ms, the service is left alone for a minute. */
const PATIENT = { timeout: 100_000 };
const TEST = { timeout: 240_000 };

const served = async (host: Namespace, type: string): Promise<string[]> => [
  ...(await dig(host, { server: '127.0.0.1', port: 15353, name: 'home.netdrift.test', type })).values,
];

/** Waits until exactly what this cloud tells is served. */
const servedBy = (host: Namespace, { tells }: CloudScene, ipv4: string): Promise<true> =>
  eventually(
    'all that the cloud tells is served',
    async () => {
      const found = [...(await served(host, 'A')), ...(await served(host, 'AAAA'))];
      const wanted = [...(tells.includes('A') ? [ipv4] : []), ...(tells.includes('AAAA') ? [IPV6] : [])];
      return found.join(' ') === wanted.join(' ');
    },
    PATIENT,
  );

const sceneOf = (wanted: string): CloudScene => {
  const scene = cloudScenes.find(({ name }) => name === wanted);
  if (scene === undefined) throw new Error(`no scene of ${wanted}`);
  return scene;
};

test('every cloud has a scene here', () => {
  expect(cloudScenes.map(({ name }) => name)).toEqual(clouds.map(({ name }) => name));
});

describeLab('cloud metadata', ['dig'], () => {
  test.each(cloudScenes)(
    'of $name, found by the firmware, is published; in trouble it stays; a new one follows',
    TEST,
    async (scene) => {
      const network = await machine();
      const { host, outside } = network;
      await attach(network, scene.endpoint);
      const service = await MetadataService.start(lab, outside);
      await service.tell(scene.answers('203.0.113.7'));
      const netdrift = start(host, { ipv4: ['metadata'], ipv6: ['metadata'], says: scene.firmware });
      await servedBy(host, scene, '203.0.113.7');

      const elsewhere = redirect('http://198.51.100.1/elsewhere');
      const troubles = [...scene.troubles, ['a redirect', elsewhere, 'status 302'] as const];
      for (const [what, answers, words] of troubles) {
        await service.tell(answers);
        const after = netdrift.log.mark();
        expect((await netdrift.command('trigger')).code).toBe(0);
        await netdrift.line(failing(words), { after, ...PATIENT }).catch((error: unknown) => {
          const said = netdrift.log.items.slice(after).map(({ message }) => message);
          throw new Error(`${what}: not told in these words; but: ${said.join('; ')}`, { cause: error });
        });
      }
      expect(service.requests.filter((request) => !request.includes(` ${scene.endpoint}/`))).toEqual([]);
      // Nothing that went wrong has moved what is published.
      const changes = netdrift.log.items.filter(({ event }) => event === 'record_updated');
      expect(changes).toHaveLength(scene.tells.length);

      await service.tell(scene.answers('203.0.113.8'));
      await netdrift.command('trigger');
      await servedBy(host, scene, '203.0.113.8');
    },
  );

  test.each(cloudScenes.filter(({ endpoint6 }) => endpoint6 !== undefined))(
    'of $name is asked for over IPv6 by a machine that has nothing else',
    TEST,
    async (scene) => {
      const network = await machine();
      const { host, outside, address } = network;
      const endpoint = scene.endpoint6 ?? '';
      await host.removeAddress('eth0', `${address}/24`);
      await attach(network, endpoint);
      const service = await MetadataService.start(lab, outside);
      await service.tell(scene.answers('203.0.113.7'));
      start(host, { ipv6: ['metadata'], says: scene.firmware });
      await eventually('it is served', async () => (await served(host, 'AAAA'))[0] === IPV6, PATIENT);
      expect(service.requests.filter((request) => !request.includes(` [${endpoint}]/`))).toEqual([]);
    },
  );

  test(
    'is asked for past a proxy, with a token first, and without one where that is allowed',
    TEST,
    async () => {
      const network = await machine();
      const { host, outside, server } = network;
      await attach(network, '169.254.169.254');
      const service = await MetadataService.start(lab, outside);
      await service.tell({ 'GET /latest/meta-data/public-ipv4': { body: '203.0.113.7' } });
      const proxy = await Recorder.start(lab, outside, { port: 3128 });
      const proxyUrl = `http://${server}:3128`;
      const env = { HTTP_PROXY: proxyUrl, http_proxy: proxyUrl, HTTPS_PROXY: proxyUrl };
      start(host, { ipv4: [{ detector: 'metadata', cloud: 'aws', imds_v1: true }], env });
      await eventually('it is served', async () => (await served(host, 'A'))[0] === '203.0.113.7', PATIENT);
      expect(proxy.requests.items).toEqual([]);
      expect(service.requests.slice(-2)).toEqual([
        'PUT 169.254.169.254/latest/api/token',
        'GET 169.254.169.254/latest/meta-data/public-ipv4',
      ]);
    },
  );

  test('that hangs delays the first look only, and is left alone for a while, or until the network has changed', async () => {
    const network = await plainNetwork(lab);
    const { host, outside, server } = network;
    await attach(network, '169.254.169.254');
    const service = await MetadataService.start(lab, outside);
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
    expect(service.requests).toEqual(['PUT 169.254.169.254/latest/api/token']);

    // Nobody else answers now, so that it is heard what becomes of each look at the metadata.
    await next.reply({ status: 503 });
    const after = netdrift.log.mark();
    await netdrift.command('trigger');
    await netdrift.line(failing('has never answered; it is asked again in '), { after });
    expect(service.requests).toHaveLength(1);

    await host.addAddress('eth0', '198.51.100.11/24');
    await eventually('it is asked once more', () => service.requests.length === 2);
  });

  test('from a captive portal is not believed', async () => {
    const network = await plainNetwork(lab);
    const { host, outside, server } = network;
    await attach(network, '169.254.169.254');
    const service = await MetadataService.start(lab, outside);
    await service.tell({ '*': { body: '<html>Welcome, 203.0.113.66! Please log in.</html>' } });
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
      PATIENT,
    );
    const failed = netdrift.log.items.filter(({ event }) => event === 'detector_failed');
    expect(failed.map(({ witness }) => witness).sort()).toEqual(['aws', 'digitalocean', 'google', 'hetzner']);
  });
});

describeLab('a machine of no cloud', ['dig'], () => {
  test.each([
    ['with the firmware of a laptop', { sys_vendor: 'LENOVO', product_name: '21CB' }],
    ['without firmware to be read', {}],
  ])('%s sends nothing to the address where clouds have their metadata', async (_, says) => {
    const network = await plainNetwork(lab);
    const { host, outside, server } = network;
    await attach(network, '169.254.169.254');
    const service = await MetadataService.start(lab, outside);
    await service.tell(sceneOf('aws').answers('203.0.113.66'));
    await Recorder.start(lab, outside, { port: 8080, reply: { body: '203.0.113.9' } });
    const netdrift = start(host, {
      ipv4: ['metadata', { detector: 'http', services: [`http://${server}:8080/`] }],
      says,
    });
    await eventually(
      'the next witness is believed',
      async () => (await served(host, 'A'))[0] === '203.0.113.9',
      PATIENT,
    );
    await netdrift.line(failing('names no cloud known here'));
    expect(service.requests).toEqual([]);
  });
});
