import { describe, expect, it } from 'vitest';
import type { HttpClient } from '../../../../src/net/http.ts';
import { HttpFailure } from '../../../../src/net/http.ts';
import { clouds } from '../../../../src/sources/addresses/metadata/clouds.ts';
import { cloudOf, readFirmware } from '../../../../src/sources/addresses/metadata/firmware.ts';
import { createMetadataKind } from '../../../../src/sources/addresses/metadata/index.ts';
import { CloudMemory } from '../../../../src/sources/addresses/metadata/memory.ts';
import { components, link, question, route, snapshotOf } from '../fixtures.ts';
import { nobody, type Service, service } from './imds.ts';

/** /sys/class/dmi/id of a machine; every file has a line end, as the kernel writes it. */
function firmware(fields: Readonly<Record<string, string>>) {
  const read: string[] = [];
  return {
    read,
    file: async (path: string) => {
      read.push(path);
      const value = fields[path.replace('/sys/class/dmi/id/', '')];
      if (value === undefined) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
      return `${value}\n`;
    },
  };
}

const LAPTOP = {
  sys_vendor: 'LENOVO',
  product_name: '21CB',
  bios_vendor: 'LENOVO',
  chassis_asset_tag: 'No Asset Information',
};
const HETZNER = { sys_vendor: 'Hetzner', product_name: 'vServer' };
const there = () => service({ '/hetzner/v1/metadata/public-ipv4': () => '49.0.0.4' });

function detectorOf(
  memory: CloudMemory,
  http: HttpClient,
  options: object = {},
  deadline = 300,
  monotonic: () => number = () => 0,
  load: () => Promise<unknown> = async () => {},
) {
  const kind = createMetadataKind(memory, deadline, load);
  const init = { family: 'ipv4' as const, options: kind.options.parse(options), allow: [] };
  const [detector] = kind.create(
    init,
    components({ http: () => http, clock: { monotonic, wall: () => 0, boot: () => 0 } }),
  );
  if (detector === undefined) throw new Error('no detector');
  return detector;
}

describe('the firmware', () => {
  it.each([
    ['aws', { sys_vendor: 'Amazon EC2', product_name: 't3.micro' }],
    ['aws', { sys_vendor: 'Xen', product_name: 'HVM domU', bios_vendor: 'Xen', bios_version: '4.11.amazon' }],
    ['alibaba', { sys_vendor: 'Alibaba Cloud', product_name: 'Alibaba Cloud ECS' }],
    ['google', { sys_vendor: 'Google', product_name: 'Google Compute Engine' }],
    ['azure', { sys_vendor: 'Microsoft Corporation', chassis_asset_tag: '7783-7084-3265-9085-8269-3286-77' }],
    ['oracle', { sys_vendor: 'QEMU', chassis_asset_tag: 'OracleCloud.com' }],
    ['digitalocean', { sys_vendor: 'DigitalOcean', product_name: 'Droplet' }],
    ['hetzner', HETZNER],
    ['tencent', { sys_vendor: 'Tencent Cloud', product_name: 'CVM' }],
    ['openstack', { sys_vendor: 'OpenStack Foundation', product_name: 'OpenStack Nova' }],
    ['openstack', { sys_vendor: 'Huawei', chassis_asset_tag: 'HUAWEICLOUD' }],
    [undefined, LAPTOP],
    [undefined, { sys_vendor: 'Microsoft Corporation', product_name: 'Virtual Machine' }],
    [undefined, { sys_vendor: 'QEMU', product_name: 'Standard PC (Q35 + ICH9, 2009)' }],
    [undefined, {}],
  ])('says %s for %j', async (name, fields) => {
    expect(cloudOf(await readFirmware(firmware(fields).file), clouds)?.name).toBe(name);
  });
});

describe('the metadata detector', () => {
  it('asks nobody on a machine that is no cloud’s, and reads its firmware once', async () => {
    const laptop = firmware(LAPTOP);
    const memory = new CloudMemory(laptop.file);
    const endpoint = there();
    const detector = detectorOf(memory, endpoint.http);
    for (const address of ['192.168.1.5', '10.0.0.5']) {
      const reading = await detector.read(question({ snapshot: snapshotOf([link('eth0', [address])]) }));
      expect(reading).toEqual({
        kind: 'unavailable',
        via: { detector: 'metadata', name: 'none' },
        why: 'the firmware of this machine names no cloud known here',
      });
    }
    await detectorOf(memory, endpoint.http).read(question());
    expect(endpoint.requests).toEqual([]);
    expect(new Set(laptop.read).size).toBe(laptop.read.length);
  });

  it('asks the cloud that the firmware names', async () => {
    const endpoint = there();
    const detector = detectorOf(new CloudMemory(firmware(HETZNER).file), endpoint.http);
    expect(await detector.read(question())).toEqual({
      kind: 'known',
      address: '49.0.0.4',
      via: { detector: 'metadata', name: 'hetzner', operator: 'Hetzner' },
      why: 'told by Hetzner',
    });
  });

  it.each(['refused', 'silent'] as const)(
    'leaves a %s endpoint alone for a minute, then for two and ever longer, or until the network has changed',
    async (kind) => {
      const memory = new CloudMemory(firmware(HETZNER).file);
      const endpoint = nobody(kind);
      let now = 0;
      const detector = detectorOf(memory, endpoint.http, {}, 20, () => now);
      const before = snapshotOf([link('eth0', ['10.0.0.5'])], [route('ipv4', 'eth0')]);
      const first = await detector.read(question({ snapshot: before }));
      const words =
        kind === 'silent' ? / the deadline passed while waiting \(it has 20 ms\)$/ : /ECONNREFUSED/;
      expect(first).toMatchObject({ kind: 'unavailable', why: expect.stringMatching(words) });
      expect(await detector.read(question({ snapshot: before }))).toMatchObject({
        kind: 'unavailable',
        why: 'has never answered; it is asked again in 60 s',
      });
      // Another detector, made after the configuration was read again, knows it too.
      await detectorOf(memory, endpoint.http).read(question({ snapshot: before }));
      expect(endpoint.requests).toHaveLength(1);
      // One slow answer is not the last word: the firmware says that somebody is there.
      const asked: number[] = [];
      for (now = 0; now < 4 * 3_600_000; now += 30_000) {
        const count = endpoint.requests.length;
        await detector.read(question({ snapshot: before }));
        if (endpoint.requests.length > count) asked.push(now / 60_000);
      }
      expect(asked).toEqual([1, 3, 7, 15, 31, 63, 123, 183]);
      await detector.read(
        question({ snapshot: snapshotOf([link('eth0', ['10.0.0.6'])], [route('ipv4', 'eth0')]) }),
      );
      expect(endpoint.requests).toHaveLength(asked.length + 2);
    },
  );

  it('takes the silence that two families hear at the same time for one', async () => {
    const memory = new CloudMemory(firmware(HETZNER).file);
    const endpoint = nobody('silent');
    let now = 0;
    const detector = detectorOf(memory, endpoint.http, {}, 20, () => now);
    await Promise.all([1, 2].map(() => detector.read(question())));
    expect(endpoint.requests).toHaveLength(2);
    now = 60_000;
    await detector.read(question());
    expect(endpoint.requests).toHaveLength(3);
  });

  it('goes on asking an endpoint that has answered before', async () => {
    let now: Service = there();
    const detector = detectorOf(
      new CloudMemory(firmware(HETZNER).file),
      (request, signal) => now.http(request, signal),
      {},
      20,
    );
    expect(await detector.read(question())).toMatchObject({ kind: 'known' });
    now = nobody('silent');
    expect(await detector.read(question())).toMatchObject({ kind: 'unavailable' });
    expect(await detector.read(question())).toMatchObject({ kind: 'unavailable' });
    expect(now.requests).toHaveLength(2);
    now = there();
    expect(await detector.read(question())).toMatchObject({ kind: 'known', address: '49.0.0.4' });
  });

  it('does not take a garbled answer for silence', async () => {
    const detector = detectorOf(new CloudMemory(firmware(HETZNER).file), async () => {
      throw new HttpFailure('malformed', true, 'http://169.254.169.254: the answer is not HTTP');
    });
    for (const _ of [1, 2]) {
      expect(await detector.read(question())).toMatchObject({ why: expect.stringMatching(/is not HTTP/) });
    }
  });

  it('can be told which cloud it is, where the firmware is hidden', async () => {
    const hidden = firmware({});
    const detector = detectorOf(new CloudMemory(hidden.file), there().http, { cloud: 'hetzner' });
    expect(detector.witness).toEqual({ detector: 'metadata', name: 'hetzner', operator: 'Hetzner' });
    expect(await detector.read(question())).toMatchObject({ kind: 'known', address: '49.0.0.4' });
    expect(hidden.read).toEqual([]);
  });

  it.each([
    ['a captive portal', '<html>Your address: 49.0.0.4</html>', /is a page and not an address/],
    ['two addresses', '49.0.0.4\n49.0.0.5', /holds 2 addresses and not one/],
    ['a private address', '10.0.0.5', 'names only addresses that are not public: 10.0.0.5'],
    ['the other family', '2a01:4f8::1', 'asked for IPv4 and was told 2a01:4f8::1'],
    ['a network', '49.0.0.4/32', /is not an address/],
  ])('refuses %s', async (_, body, why) => {
    const { http } = service({ '/hetzner/v1/metadata/public-ipv4': () => body });
    const detector = detectorOf(new CloudMemory(firmware(HETZNER).file), http);
    const reading = await detector.read(question());
    expect(reading.kind === 'unavailable' && reading.why).toMatch(why);
  });

  it('stops at once when aborted, and does not hold it against the endpoint', async () => {
    const endpoint = nobody('silent');
    const detector = detectorOf(new CloudMemory(firmware(HETZNER).file), endpoint.http, {}, 10_000);
    for (const _ of [1, 2]) {
      const controller = new AbortController();
      const reading = detector.read(question({ signal: controller.signal }));
      setTimeout(() => controller.abort(new Error('enough')), 10);
      await expect(reading).rejects.toThrow('enough');
    }
    expect(endpoint.requests).toHaveLength(2);
  });

  it('takes it for silent if another witness ends the question after a third of the time', async () => {
    const memory = new CloudMemory(firmware(HETZNER).file);
    const endpoint = nobody('silent');
    let now = 0;
    const detector = detectorOf(memory, endpoint.http, {}, 10_000, () => now);
    const controller = new AbortController();
    const reading = detector.read(question({ signal: controller.signal }));
    await expect.poll(() => endpoint.requests.length).toBe(1);
    now = 3_334;
    controller.abort(new Error('another one knew'));
    await expect(reading).rejects.toThrow('another one knew');
    expect(await detector.read(question())).toMatchObject({
      why: expect.stringMatching(/^has never answered/),
    });
    expect(endpoint.requests).toHaveLength(1);
  });

  it('does not count what it takes to load the HTTP client, and loads none where nobody is asked', async () => {
    const loads: number[] = [];
    // Longer than the deadline, as on a small machine that starts many programs at once.
    const load = () => new Promise((resolve) => setTimeout(() => resolve(loads.push(1)), 150));
    const heeding: HttpClient = async (request, signal) => {
      signal.throwIfAborted();
      return there().http(request, signal);
    };
    const laptop = detectorOf(new CloudMemory(firmware(LAPTOP).file), heeding, {}, 100, undefined, load);
    expect((await laptop.read(question())).kind).toBe('unavailable');
    expect(loads).toEqual([]);
    const detector = detectorOf(new CloudMemory(firmware(HETZNER).file), heeding, {}, 100, undefined, load);
    expect((await detector.read(question())).kind).toBe('known');
    expect(loads).toEqual([1]);
  });

  it('works by its bare name, and refuses clouds it does not know', () => {
    const { options } = createMetadataKind(new CloudMemory());
    expect(options.safeParse({}).success).toBe(true);
    expect(options.safeParse({ cloud: 'nobody' }).success).toBe(false);
    expect(options.safeParse({ endpoint: 'http://evil.example.org' }).success).toBe(false);
  });
});
