import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { address } from '../../../../src/model/address.ts';
import type { Binding } from '../../../../src/model/binding.ts';
import type { Family } from '../../../../src/model/family.ts';
import { bracketed } from '../../../../src/sources/addresses/metadata/amazon-like.ts';
import { clouds } from '../../../../src/sources/addresses/metadata/clouds.ts';
import type { CloudName } from '../../../../src/sources/addresses/metadata/contract.ts';
import { createMetadataKind } from '../../../../src/sources/addresses/metadata/index.ts';
import { CloudMemory } from '../../../../src/sources/addresses/metadata/memory.ts';
import { components, link, question, route, snapshotOf } from '../fixtures.ts';
import { NOT_FOUND, type Said, type Service, service, withToken } from './imds.ts';

interface Scene {
  readonly family?: Family;
  readonly options?: object;
  readonly allow?: readonly string[];
  readonly interfaces?: readonly string[];
  /** What the uplink is bound to; the host has eth0, which holds the default route, and eth1. */
  readonly bound?: Binding;
}

/** Of eth0 and eth1. */
const [FIRST, SECOND] = ['02:00:00:00:00:01', '02:00:00:00:00:02'];

/** Asks the cloud as an operator names it; what the firmware says is tested elsewhere. */
async function ask(cloud: CloudName, { http }: Service, scene: Scene = {}) {
  const { family = 'ipv4', options = {}, allow = [], interfaces = ['10.0.0.5'], bound } = scene;
  const second = link('eth1', ['10.0.1.5', '10.0.1.6'], { mac: SECOND });
  const kind = createMetadataKind(new CloudMemory(() => Promise.reject(new Error('not to be read'))));
  const families: Family[] = [];
  const given = components({
    http: (wanted) => {
      families.push(wanted);
      return http;
    },
  });
  const init = { family, options: kind.options.parse({ cloud, ...options }), allow, ...bound };
  const [detector] = kind.create(init, given);
  if (detector === undefined) throw new Error('no detector');
  const reading = await detector.read(
    question({
      snapshot: snapshotOf(
        [link('eth0', interfaces, { mac: FIRST }), ...(bound === undefined ? [] : [second])],
        [route('ipv4', 'eth0'), route('ipv6', 'eth0')],
      ),
    }),
  );
  return { reading, families };
}

const known = (cloud: string, address: string) => ({
  kind: 'known',
  address,
  via: { detector: 'metadata', name: cloud },
});
const unavailable = (why: string | RegExp) => ({
  kind: 'unavailable',
  why: typeof why === 'string' ? why : expect.stringMatching(why),
});
const json = (value: unknown) => (): Said => JSON.stringify(value);

describe('AWS', () => {
  it('gets a token, then the item of the family', async () => {
    const aws = withToken('aws-ec2', { 'public-ipv4': '18.0.0.4', ipv6: '2600:1f18::1' });
    expect((await ask('aws', aws)).reading).toMatchObject(known('aws', '18.0.0.4'));
    expect((await ask('aws', aws, { family: 'ipv6' })).reading).toMatchObject(known('aws', '2600:1f18::1'));
    expect(aws.asked).toEqual([
      'PUT http://169.254.169.254/latest/api/token',
      'GET http://169.254.169.254/latest/meta-data/public-ipv4',
      'PUT http://169.254.169.254/latest/api/token',
      'GET http://169.254.169.254/latest/meta-data/ipv6',
    ]);
  });

  it('takes 404 for "none of its own", which is not absent', async () => {
    const { reading } = await ask('aws', withToken('aws-ec2', {}));
    expect(reading).toMatchObject(
      unavailable('names no public IPv4 address: this machine has none, or is behind NAT'),
    );
  });

  it('says so when the token has expired or is not taken', async () => {
    const aws = service({
      '/latest/api/token': () => 'stale',
      '/latest/meta-data/public-ipv4': () => ({ status: 401, body: 'Unauthorized' }),
    });
    expect((await ask('aws', aws)).reading).toMatchObject(
      unavailable('answered with status 401 to /latest/meta-data/public-ipv4'),
    );
  });

  it('asks without a token only where that is allowed', async () => {
    const old = service({ '/latest/meta-data/public-ipv4': () => '18.0.0.4' });
    expect((await ask('aws', old)).reading).toMatchObject(
      unavailable('gives no token (status 404): imds_v1: true asks without one'),
    );
    expect(old.requests).toHaveLength(1);
    const allowed = await ask('aws', old, { options: { imds_v1: true } });
    expect(allowed.reading).toMatchObject(known('aws', '18.0.0.4'));
    expect(old.requests.at(-1)?.headers).toEqual({});
  });

  it('says so when the service is turned off', async () => {
    const off = service({ '/latest/api/token': () => ({ status: 403 }) });
    expect((await ask('aws', off)).reading).toMatchObject(
      unavailable('gives no token (status 403): it is turned off for this machine'),
    );
  });

  it.each([
    ['an empty token', ''],
    ['a page for a token', '<html>\r\nlogin</html>'],
    ['a token of two lines', 'a\r\nx-evil: 1'],
  ])('does not send on %s', async (_, token) => {
    const aws = service({
      '/latest/api/token': () => token,
      '/latest/meta-data/public-ipv4': () => '18.0.0.4',
    });
    expect((await ask('aws', aws)).reading).toMatchObject(unavailable('the token it gives is none'));
    expect(aws.requests).toHaveLength(1);
  });

  it('is asked over IPv6 by a machine that has nothing else', async () => {
    const aws = withToken('aws-ec2', { ipv6: '2600:1f18::1' });
    const { reading, families } = await ask('aws', aws, { family: 'ipv6', interfaces: ['2600:1f18::1'] });
    expect(reading).toMatchObject(known('aws', '2600:1f18::1'));
    expect(aws.asked[1]).toBe('GET http://[fd00:ec2::254]/latest/meta-data/ipv6');
    expect(new Set(families)).toEqual(new Set(['ipv6']));
  });
});

describe('Alibaba Cloud', () => {
  const mac = '00:16:3e:0f:aa:bb';
  const items = {
    eipv4: '47.0.0.4',
    mac,
    [`network/interfaces/macs/${mac}/ipv6s`]: '[2408:4003:325:a204:1875:217f:184a:e4e,2408:4003::2]',
  };

  it('gets a token, then the elastic address, or the first IPv6 address of the first card', async () => {
    const alibaba = withToken('aliyun-ecs', items);
    expect((await ask('alibaba', alibaba)).reading).toMatchObject(known('alibaba', '47.0.0.4'));
    const sixth = await ask('alibaba', alibaba, { family: 'ipv6' });
    expect(sixth.reading).toMatchObject({
      ...known('alibaba', '2408:4003:325:a204:1875:217f:184a:e4e'),
      why: 'told by Alibaba Cloud, the first fit of 2',
    });
    expect(alibaba.asked[0]).toBe('PUT http://100.100.100.200/latest/api/token');
  });

  it('is asked in normal mode only where that is allowed', async () => {
    const { http, requests } = withToken('aliyun-ecs', items, false);
    const tokenless: Service = {
      requests,
      asked: [],
      http: async (request, signal) =>
        request.method === 'PUT' ? { status: 404, headers: {}, body: '' } : http(request, signal),
    };
    expect((await ask('alibaba', tokenless)).reading.kind).toBe('unavailable');
    const allowed = await ask('alibaba', tokenless, { options: { imds_v1: true } });
    expect(allowed.reading).toMatchObject(known('alibaba', '47.0.0.4'));
  });

  it('does not put a MAC address into a path that is none', async () => {
    const odd = withToken('aliyun-ecs', { ...items, mac: '../../user-data' });
    expect((await ask('alibaba', odd, { family: 'ipv6' })).reading).toMatchObject(
      unavailable('it does not tell the MAC address'),
    );
  });

  it('takes 404 and an empty list for none', async () => {
    expect((await ask('alibaba', withToken('aliyun-ecs', { mac }))).reading).toMatchObject(
      unavailable(/names no/),
    );
    const empty = withToken('aliyun-ecs', { mac, [`network/interfaces/macs/${mac}/ipv6s`]: '[]' });
    expect((await ask('alibaba', empty, { family: 'ipv6' })).reading).toMatchObject(
      unavailable(/names no public IPv6/),
    );
  });

  it.each([
    ['[a]', ['a']],
    ['["a","b"]', ['a', 'b']],
    ['[a, b]', ['a', 'b']],
    ['a', ['a']],
    ['', []],
  ])('writes lists like %s', (text, parts) => {
    expect(bracketed(text)).toEqual(parts);
  });
});

describe('Google Cloud', () => {
  const path = '/computeMetadata/v1/instance/network-interfaces/?recursive=true';
  const cards = [
    {
      accessConfigs: [{ externalIp: '34.0.0.4', type: 'ONE_TO_ONE_NAT' }],
      ip: '10.128.0.2',
      ipv6s: ['fd20:1::2', '2600:1900:4000::1'],
      mac: '42:01:0a:80:00:02',
    },
  ];
  const flavored = (value: unknown) =>
    service(
      {
        [path]: ({ headers }) =>
          headers?.['metadata-flavor'] === 'Google' ? JSON.stringify(value) : { status: 403 },
      },
      { 'metadata-flavor': 'Google' },
    );

  it('names external addresses of both families, the public one among several', async () => {
    const google = flavored(cards);
    expect((await ask('google', google)).reading).toMatchObject(known('google', '34.0.0.4'));
    expect((await ask('google', google, { family: 'ipv6' })).reading).toMatchObject(
      known('google', '2600:1900:4000::1'),
    );
  });

  it('has an empty text where there is no external address', async () => {
    const google = flavored([{ accessConfigs: [{ externalIp: '', type: 'ONE_TO_ONE_NAT' }] }]);
    expect((await ask('google', google)).reading).toMatchObject(unavailable(/names no public IPv4/));
    expect((await ask('google', flavored([{ ip: '10.0.0.2' }]), { family: 'ipv6' })).reading).toMatchObject(
      unavailable(/names no public IPv6/),
    );
  });

  it('is believed only with its own header', async () => {
    const { reading } = await ask('google', service({ [path]: json(cards) }));
    expect(reading).toMatchObject(unavailable('the answer does not say that it is from the metadata server'));
  });

  it('is not believed with addresses in another shape', async () => {
    expect((await ask('google', flavored([{ accessConfigs: [{ externalIp: 1 }] }]))).reading).toMatchObject(
      unavailable('externalIp is not text'),
    );
    expect((await ask('google', flavored({ ip: '34.0.0.4' }))).reading).toMatchObject(
      unavailable('network-interfaces is not a list'),
    );
  });
});

describe('Azure', () => {
  const networkPath = '/metadata/instance/network?api-version=2021-02-01';
  const balancerPath = '/metadata/loadbalancer?api-version=2020-10-01';
  const network = (publicIpAddress: string) => ({
    interface: [
      {
        ipv4: { ipAddress: [{ privateIpAddress: '10.1.0.4', publicIpAddress }], subnet: [] },
        ipv6: { ipAddress: [] },
        macAddress: '0011AAFFBB22',
      },
    ],
  });
  const balancer = {
    loadbalancer: {
      publicIpAddresses: [
        { frontendIpAddress: '51.0.0.1', privateIpAddress: '10.1.0.4' },
        { frontendIpAddress: '[2a01:111:f100:2001::a83e:2843]', privateIpAddress: '[fd00:a1b:8b8c::4]' },
      ],
      inboundRules: [{ frontendIpAddress: '51.0.0.99', protocol: 'tcp' }],
      outboundRules: [],
    },
  };
  const azure = (paths: Readonly<Record<string, () => Said>>) =>
    service(
      Object.fromEntries(
        Object.entries(paths).map(([path, said]) => [
          path,
          ({ headers }) => (headers?.['metadata'] === 'true' ? said() : { status: 400, body: 'Bad request' }),
        ]),
      ),
    );

  it('names a Basic address in the network of the instance', async () => {
    const service = azure({ [networkPath]: json(network('52.0.0.4')) });
    expect((await ask('azure', service)).reading).toMatchObject(known('azure', '52.0.0.4'));
    expect(service.requests).toHaveLength(1);
  });

  it('names Standard addresses in the load balancer’s part only, IPv6 in brackets', async () => {
    const service = azure({ [networkPath]: json(network('')), [balancerPath]: json(balancer) });
    expect((await ask('azure', service)).reading).toMatchObject(known('azure', '51.0.0.1'));
    expect((await ask('azure', service, { family: 'ipv6' })).reading).toMatchObject(
      known('azure', '2a01:111:f100:2001::a83e:2843'),
    );
  });

  it('has no load balancer’s part (404) for a machine with neither', async () => {
    const { reading } = await ask('azure', azure({ [networkPath]: json(network('')) }));
    expect(reading).toMatchObject(unavailable(/names no public IPv4/));
  });

  it('says so when it refuses the request', async () => {
    const { reading } = await ask('azure', azure({ [networkPath]: () => ({ status: 429 }) }));
    expect(reading).toMatchObject(unavailable('answered with status 429 to /metadata/instance/network'));
  });
});

describe('Oracle Cloud', () => {
  const vnics = [
    { vnicId: 'ocid1.vnic', privateIp: '172.16.1.11', ipv6Addresses: ['2603:c020::1'] },
    { vnicId: 'ocid1.vnic', privateIp: '172.16.2.11' },
  ];
  const oracle = service({
    '/opc/v2/vnics/': ({ headers }) =>
      headers?.['authorization'] === 'Bearer Oracle' ? JSON.stringify(vnics) : { status: 404 },
  });

  it('names IPv6 addresses', async () => {
    expect((await ask('oracle', oracle, { family: 'ipv6' })).reading).toMatchObject(
      known('oracle', '2603:c020::1'),
    );
  });

  it('is not asked for IPv4, which it does not tell', async () => {
    const silent = service({});
    expect((await ask('oracle', silent)).reading).toMatchObject(
      unavailable('its metadata does not tell the public IPv4 address of a machine'),
    );
    expect(silent.requests).toEqual([]);
  });
});

describe('DigitalOcean', () => {
  it('names the Droplet’s own addresses', async () => {
    const droplet = service({
      '/metadata/v1/interfaces/public/0/ipv4/address': () => '104.0.0.4',
      '/metadata/v1/interfaces/public/0/ipv6/address': () => '2604:A880:0800:0010:0000:0000:017D:2001',
    });
    expect((await ask('digitalocean', droplet)).reading).toMatchObject(known('digitalocean', '104.0.0.4'));
    expect((await ask('digitalocean', droplet, { family: 'ipv6' })).reading).toMatchObject(
      known('digitalocean', '2604:a880:800:10::17d:2001'),
    );
    expect((await ask('digitalocean', service({}))).reading).toMatchObject(unavailable(/names no/));
  });
});

describe('Hetzner Cloud', () => {
  const METADATA = `
hostname: my-server
instance-id: 42
network-config:
  config:
  - mac_address: 96:00:00:08:19:da
    name: eth0
    subnets:
    - dns_nameservers:
      - 185.12.64.1
      ipv4: true
      type: dhcp
    - address: 2a01:4f8:beef:beef::1/64
      gateway: fe80::1
      ipv6: true
    type: physical
  version: 1
public-ipv4: 49.0.0.4
vendor_data: "test"
`;

  it('names IPv4 as an item and IPv6 in its network configuration', async () => {
    const hetzner = service({
      '/hetzner/v1/metadata/public-ipv4': () => '49.0.0.4\n',
      '/hetzner/v1/metadata': () => METADATA,
    });
    expect((await ask('hetzner', hetzner)).reading).toMatchObject(known('hetzner', '49.0.0.4'));
    expect((await ask('hetzner', hetzner, { family: 'ipv6' })).reading).toMatchObject(
      known('hetzner', '2a01:4f8:beef:beef::1'),
    );
  });

  it('has no address in the configuration of a server without IPv6, and an empty item without IPv4', async () => {
    const without = METADATA.replace(/ {4}- address:[\s\S]*?ipv6: true\n/, '');
    const hetzner = service({
      '/hetzner/v1/metadata': () => without,
      '/hetzner/v1/metadata/public-ipv4': () => '',
    });
    expect((await ask('hetzner', hetzner, { family: 'ipv6' })).reading).toMatchObject(
      unavailable(/names no/),
    );
    expect((await ask('hetzner', hetzner)).reading).toMatchObject(unavailable(/names no/));
  });

  it.each([
    ['broken YAML', 'a: [b\n: :', 'the answer has no network-config'],
    ['a page', '<html>', /has no network-config/],
    ['aliases that would grow', 'a: &a [x]\nnetwork-config:\n  config: *a', 'config is not a list'],
    ['another shape', 'network-config:\n  config: none', 'config is not a list'],
  ])('is not believed with %s', async (_, body, why) => {
    const hetzner = service({ '/hetzner/v1/metadata': () => body });
    expect((await ask('hetzner', hetzner, { family: 'ipv6' })).reading).toMatchObject(unavailable(why));
  });
});

describe('Tencent Cloud', () => {
  it('names IPv4, at an address of its own, and no IPv6', async () => {
    const tencent = service({ '/latest/meta-data/public-ipv4': () => '43.0.0.4' });
    expect((await ask('tencent', tencent)).reading).toMatchObject(known('tencent', '43.0.0.4'));
    expect(tencent.asked).toEqual(['GET http://169.254.0.23/latest/meta-data/public-ipv4']);
    expect((await ask('tencent', tencent, { family: 'ipv6' })).reading.kind).toBe('unavailable');
  });
});

describe('OpenStack', () => {
  const networks = {
    networks: [
      { id: 'n0', type: 'ipv4_dhcp', link: 'l0' },
      { id: 'n1', type: 'ipv4', ip_address: '10.0.0.5', netmask: '255.255.255.0' },
      { id: 'n2', type: 'ipv6_slaac', ip_address: '2001:41d0:701:1100::1', netmask: 'ffff:ffff:ffff:ffff::' },
    ],
  };
  const paths = (floating: Said, data: unknown = networks) =>
    service({
      '/latest/meta-data/public-ipv4': () => floating,
      '/openstack/latest/network_data.json': json(data),
    });

  it('names a floating address in the part that is like EC2', async () => {
    const openstack = paths('51.0.0.4');
    expect((await ask('openstack', openstack)).reading).toMatchObject(known('openstack', '51.0.0.4'));
    expect(openstack.requests).toHaveLength(1);
  });

  it('names the addresses of its ports otherwise, and only public ones are taken', async () => {
    for (const nothing of ['', NOT_FOUND]) {
      const direct = { networks: [...networks.networks, { type: 'ipv4', ip_address: '51.0.0.9' }] };
      expect((await ask('openstack', paths(nothing, direct))).reading).toMatchObject(
        known('openstack', '51.0.0.9'),
      );
      expect((await ask('openstack', paths(nothing))).reading).toMatchObject(
        unavailable('names only addresses that are not public: 10.0.0.5'),
      );
    }
    expect((await ask('openstack', paths(''), { allow: ['private'] })).reading).toMatchObject(
      known('openstack', '10.0.0.5'),
    );
    expect((await ask('openstack', paths(''), { family: 'ipv6' })).reading).toMatchObject(
      known('openstack', '2001:41d0:701:1100::1'),
    );
  });

  it('may have no list of networks', async () => {
    const bare = service({});
    expect((await ask('openstack', bare)).reading).toMatchObject(unavailable(/names no public IPv4/));
  });
});

describe('an uplink that is bound to the second card', () => {
  const bound = { interface: 'eth1' };
  const answers: Readonly<Record<string, unknown>> = {
    '/computeMetadata/v1/instance/network-interfaces/?recursive=true': [
      { mac: FIRST, accessConfigs: [{ externalIp: '34.0.0.1' }], ipv6s: ['2600:1900::1'] },
      { mac: SECOND, accessConfigs: [{ externalIp: '34.0.0.2' }], ipv6s: ['2600:1900::2'] },
    ],
    '/metadata/instance/network?api-version=2021-02-01': {
      interface: ['01', '02'].map((end) => ({
        macAddress: `0200000000${end}`,
        ipv4: { ipAddress: [{ privateIpAddress: `10.1.0.${end === '01' ? 4 : 5}`, publicIpAddress: '' }] },
        ipv6: { ipAddress: [{ privateIpAddress: `fd00::${end === '01' ? 4 : 5}` }] },
      })),
    },
    '/metadata/loadbalancer?api-version=2020-10-01': {
      loadbalancer: {
        publicIpAddresses: [
          { frontendIpAddress: '51.0.0.1', privateIpAddress: '10.1.0.4' },
          { frontendIpAddress: '51.0.0.2', privateIpAddress: '10.1.0.5' },
          { frontendIpAddress: '[2a01:111::1]', privateIpAddress: '[fd00::4]' },
          { frontendIpAddress: '[2a01:111::2]', privateIpAddress: '[fd00::5]' },
        ],
      },
    },
    '/opc/v2/vnics/': [
      { macAddr: '02:00:00:00:00:01', ipv6Addresses: ['2603:c020::1'] },
      { macAddr: '02:00:00:00:00:02', ipv6Addresses: ['2603:c020::2'] },
    ],
  };
  const everywhere = service(
    Object.fromEntries(Object.entries(answers).map(([path, value]) => [path, json(value)])),
    { 'metadata-flavor': 'Google' },
  );

  it.each([
    ['google', 'ipv4', '34.0.0.2', '34.0.0.1'],
    ['google', 'ipv6', '2600:1900::2', '2600:1900::1'],
    ['azure', 'ipv4', '51.0.0.2', '51.0.0.1'],
    ['azure', 'ipv6', '2a01:111::2', '2a01:111::1'],
    ['oracle', 'ipv6', '2603:c020::2', '2603:c020::1'],
  ] as const)('%s: is told the %s address of that card', async (cloud, family, second, first) => {
    expect((await ask(cloud, everywhere, { family, bound })).reading).toMatchObject(known(cloud, second));
    expect((await ask(cloud, everywhere, { family, bound: { interface: 'eth0' } })).reading).toMatchObject(
      known(cloud, first),
    );
    expect((await ask(cloud, everywhere, { family })).reading).toMatchObject(known(cloud, first));
  });

  it('AWS and Alibaba Cloud: the card’s own items are asked for', async () => {
    const aws = withToken('aws-ec2', {
      'public-ipv4': '18.0.0.1',
      [`network/interfaces/macs/${SECOND}/public-ipv4s`]: '18.0.0.2\n18.0.0.3\n',
      [`network/interfaces/macs/${SECOND}/ipv6s`]: '2600:1f18::2',
    });
    expect((await ask('aws', aws, { bound })).reading).toMatchObject(known('aws', '18.0.0.2'));
    expect((await ask('aws', aws, { bound, family: 'ipv6' })).reading).toMatchObject(
      known('aws', '2600:1f18::2'),
    );
    expect((await ask('aws', aws, { bound: { interface: 'eth0' } })).reading).toMatchObject(
      unavailable(/names no public IPv4/),
    );
    const alibaba = withToken('aliyun-ecs', {
      eipv4: '47.0.0.4',
      mac: FIRST,
      [`network/interfaces/macs/${SECOND}/ipv6s`]: '[2408:4003::2]',
    });
    expect((await ask('alibaba', alibaba, { bound, family: 'ipv6' })).reading).toMatchObject(
      known('alibaba', '2408:4003::2'),
    );
  });

  it('two of its addresses are not told apart by the cloud: which is which must not be guessed', async () => {
    const aws = withToken('aws-ec2', {
      [`network/interfaces/macs/${SECOND}/public-ipv4s`]: '18.0.0.2\n18.0.0.3',
    });
    expect((await ask('aws', aws, { bound: { source: address('10.0.1.6') } })).reading).toMatchObject(
      unavailable('names 2 addresses, and not which of them belongs to 10.0.1.6'),
    );
    expect((await ask('aws', aws, { bound: { source: address('10.0.7.7') } })).reading).toMatchObject(
      unavailable('this host does not have 10.0.7.7'),
    );
  });

  it('DigitalOcean and Hetzner: nothing is told of a card that is not the public one', async () => {
    const droplet = service({
      '/metadata/v1/interfaces/public/0/mac': () => FIRST,
      '/metadata/v1/interfaces/public/0/ipv4/address': () => '104.0.0.4',
    });
    const hetzner = service({
      '/hetzner/v1/metadata/public-ipv4': () => '49.0.0.4',
      '/hetzner/v1/metadata': () =>
        `network-config:\n  config:\n  - mac_address: ${FIRST}\n    subnets:\n    - address: 2a01:4f8::1/64\n`,
    });
    for (const [cloud, service] of [
      ['digitalocean', droplet],
      ['hetzner', hetzner],
    ] as const) {
      expect((await ask(cloud, service, { bound })).reading).toMatchObject(
        unavailable(/names no public IPv4/),
      );
      expect((await ask(cloud, service, { bound: { interface: 'eth0' } })).reading.kind).toBe('known');
    }
    expect((await ask('hetzner', hetzner, { bound, family: 'ipv6' })).reading).toMatchObject(
      unavailable(/names no public IPv6/),
    );
  });

  it.each(['tencent', 'alibaba', 'openstack'] as const)(
    '%s does not tell whose an IPv4 address is, so it is asked only for the card of the default route',
    async (cloud) => {
      const told = withToken('aliyun-ecs', { 'public-ipv4': '43.0.0.4', eipv4: '43.0.0.4' }, false);
      expect((await ask(cloud, told, { bound })).reading).toMatchObject(
        unavailable('it does not tell whose card an address is, and eth1 does not hold the default route'),
      );
      expect(told.requests).toEqual([]);
      expect((await ask(cloud, told, { bound: { interface: 'eth0' } })).reading).toMatchObject(
        known(cloud, '43.0.0.4'),
      );
    },
  );
});

describe('every cloud', () => {
  const bodies = fc.oneof(
    fc.json(),
    fc.string(),
    fc.constant('<html><body>Your address: 8.8.4.4</body></html>'),
    fc.constant('8.8.4.4, 8.8.8.8'),
    fc.constant('you are 8.8.4.4'),
  );
  const families = ['ipv4', 'ipv6'] as const;

  it.each(clouds.map(({ name }) => name))(
    '%s: survives whatever is answered, and takes only whole addresses',
    async (name) => {
      await fc.assert(
        fc.asyncProperty(
          bodies,
          fc.constantFrom(200, 200, 204, 301, 404, 500),
          fc.constantFrom(...families),
          async (body, status, family) => {
            const asked: string[] = [];
            const http: Service['http'] = async ({ url, method }) => {
              asked.push(url.origin);
              if (method === 'PUT') return { status: 200, headers: {}, body: 'token' };
              return { status, headers: { 'metadata-flavor': 'Google' }, body };
            };
            const { reading } = await ask(name, { http, asked: [], requests: [] }, { family });
            if (reading.kind === 'known') expect(JSON.stringify(body)).toContain(reading.address);
            expect(reading.kind).not.toBe('absent');
            expect(new Set(asked).size).toBeLessThan(2);
          },
        ),
        { numRuns: 150 },
      );
    },
  );
});
