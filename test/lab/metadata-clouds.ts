import type { CloudName } from '../../src/sources/addresses/metadata/contract.ts';
import type { Answers, Said } from './metadata-service.ts';

/** One cloud's machine as its documentation describes it; sources stand in `src/sources/addresses/metadata`. */
export interface CloudScene {
  readonly name: CloudName;
  readonly endpoint: string;
  /** Where machines without IPv4 ask. */
  readonly endpoint6?: string;
  readonly firmware: Readonly<Record<string, string>>;
  readonly tells: readonly ('A' | 'AAAA')[];
  /** The service of a machine with this IPv4 address and `IPV6`. */
  readonly answers: (ipv4: string) => Answers;
  /** What goes wrong, what the service says then instead, and what is said of it. */
  readonly troubles: readonly (readonly [what: string, answers: Answers, words: string])[];
}

export const IPV6 = '2001:db8::7';

const PAGE: Said = {
  body: '<html>Welcome, 203.0.113.66! Please log in.</html>',
  headers: { 'content-type': 'text/html' },
};
const json = (value: unknown): string => JSON.stringify(value);

const TOKEN = 'A1b2-token==';
/** 400 without a lifetime from 1 to 21600 s; 401 without the token. */
function withToken(vendor: string, items: Readonly<Record<string, string>>): Answers {
  const life = '[1-9]\\d{0,3}|1\\d{4}|20\\d{3}|21[0-5]\\d\\d|21600';
  const paths = Object.entries(items).map(([path, body]): [string, Said] => [
    `GET /latest/meta-data/${path}`,
    { body, needs: { [`x-${vendor}-metadata-token`]: TOKEN }, refusal: 401 },
  ]);
  return {
    'PUT /latest/api/token': { body: TOKEN, needs: { [`x-${vendor}-metadata-token-ttl-seconds`]: life } },
    ...Object.fromEntries(paths),
  };
}

const aws = (ipv4: string): Answers => withToken('aws-ec2', { 'public-ipv4': ipv4, ipv6: IPV6 });

const MAC = '00:16:3e:0f:aa:bb';
const alibaba = (ipv4: string, more: Readonly<Record<string, string>> = {}): Answers =>
  withToken('aliyun-ecs', {
    eipv4: ipv4,
    mac: MAC,
    [`network/interfaces/macs/${MAC}/ipv6s`]: `[${IPV6}]`,
    ...more,
  });

const GOOGLE = 'GET /computeMetadata/v1/instance/network-interfaces/?recursive=true';
const google = (ipv4: string, flavor = 'Google'): Answers => ({
  [GOOGLE]: {
    body: json([
      {
        accessConfigs: [{ externalIp: ipv4, type: 'ONE_TO_ONE_NAT' }],
        ip: '10.128.0.2',
        ipv6s: [IPV6],
        mac: '42:01:0a:80:00:02',
      },
    ]),
    headers: { 'metadata-flavor': flavor },
    needs: { 'metadata-flavor': 'Google' },
    refusal: 403,
  },
});

const azureSaid = (value: unknown): Said => ({ body: json(value), needs: { metadata: 'true' } });
const NETWORK = 'GET /metadata/instance/network?api-version=2021-02-01';
/** The addresses are of the Standard SKU: they stand in the load balancer's part alone, IPv6 in brackets. */
const azure = (ipv4: string): Answers => ({
  [NETWORK]: azureSaid({
    interface: [
      {
        ipv4: { ipAddress: [{ privateIpAddress: '10.1.0.4', publicIpAddress: '' }], subnet: [] },
        ipv6: { ipAddress: [{ privateIpAddress: 'fd00::4', publicIpAddress: '' }] },
        macAddress: '0011AAFFBB22',
      },
    ],
  }),
  'GET /metadata/loadbalancer?api-version=2020-10-01': azureSaid({
    loadbalancer: {
      publicIpAddresses: [
        { frontendIpAddress: ipv4, privateIpAddress: '10.1.0.4' },
        { frontendIpAddress: `[${IPV6}]`, privateIpAddress: '[fd00::4]' },
      ],
      inboundRules: [{ frontendIpAddress: '203.0.113.99', protocol: 'tcp' }],
      outboundRules: [],
    },
  }),
});

const hetzner = (ipv4: string): Answers => ({
  'GET /hetzner/v1/metadata/public-ipv4': { body: ipv4 },
  'GET /hetzner/v1/metadata': {
    body: `hostname: my-server
instance-id: 42
network-config:
  config:
  - mac_address: 96:00:00:08:19:da
    name: eth0
    subnets:
    - ipv4: true
      type: dhcp
    - address: ${IPV6}/64
      gateway: fe80::1
      ipv6: true
    type: physical
  version: 1
public-ipv4: ${ipv4}
vendor_data: "test"
`,
  },
});

const openstack = (ipv4: string): Answers => ({
  'GET /latest/meta-data/public-ipv4': { body: ipv4 },
  'GET /openstack/latest/network_data.json': {
    body: json({
      networks: [
        { id: 'n1', type: 'ipv4', ip_address: '10.0.0.5', netmask: '255.255.255.0' },
        { id: 'n2', type: 'ipv6_slaac', ip_address: IPV6, netmask: 'ffff:ffff:ffff:ffff::' },
      ],
    }),
  },
});

const LINK_LOCAL = '169.254.169.254';
const NONE = 'names no public IPv4 address';

export const cloudScenes: readonly CloudScene[] = [
  {
    name: 'aws',
    endpoint: LINK_LOCAL,
    endpoint6: 'fd00:ec2::254',
    firmware: { sys_vendor: 'Amazon EC2' },
    tells: ['A', 'AAAA'],
    answers: aws,
    troubles: [
      ['no elastic address', withToken('aws-ec2', { ipv6: IPV6 }), NONE],
      [
        'turned off',
        { '*': { status: 403 } },
        'gives no token (status 403): it is turned off for this machine',
      ],
      [
        'version 1 alone',
        { 'GET /latest/meta-data/public-ipv4': { body: '203.0.113.66' } },
        'gives no token (status 404)',
      ],
      [
        'a token that is not taken',
        { ...aws('203.0.113.66'), 'PUT /latest/api/token': { body: 'stale' } },
        'answered with status 401 to /latest/meta-data/public-ipv4',
      ],
      ['a captive portal', { '*': PAGE }, 'the token it gives is none'],
      [
        'the other family',
        withToken('aws-ec2', { 'public-ipv4': '2001:db8::66' }),
        'asked for IPv4 and was told 2001:db8::66',
      ],
    ],
  },
  {
    name: 'alibaba',
    endpoint: '100.100.100.200',
    endpoint6: 'fd00:100::100:200',
    firmware: { sys_vendor: 'Alibaba Cloud', product_name: 'Alibaba Cloud ECS' },
    tells: ['A', 'AAAA'],
    answers: alibaba,
    troubles: [
      ['no elastic address', withToken('aliyun-ecs', { mac: MAC }), NONE],
      ['a lifetime that is not taken', { '*': { status: 400 } }, 'gives no token (status 400)'],
      [
        'a token that is not taken',
        { ...alibaba('203.0.113.66'), 'PUT /latest/api/token': { body: 'stale' } },
        'answered with status 401 to /latest/meta-data/eipv4',
      ],
      [
        'a hardware address that is none',
        alibaba('203.0.113.7', { mac: '../../user-data' }),
        'it does not tell the MAC address',
      ],
      ['a captive portal', { '*': PAGE }, 'the token it gives is none'],
    ],
  },
  {
    name: 'google',
    endpoint: LINK_LOCAL,
    endpoint6: 'fd20:ce::254',
    firmware: { sys_vendor: 'Google', product_name: 'Google Compute Engine' },
    tells: ['A', 'AAAA'],
    answers: google,
    troubles: [
      ['no external address', google(''), NONE],
      [
        'another flavour',
        google('203.0.113.66', 'Other'),
        'does not say that it is from the metadata server',
      ],
      ['a captive portal', { '*': PAGE }, 'does not say that it is from the metadata server'],
      [
        'busy',
        { '*': { status: 503, headers: { 'metadata-flavor': 'Google' } } },
        'answered with status 503',
      ],
    ],
  },
  {
    name: 'azure',
    endpoint: LINK_LOCAL,
    firmware: { sys_vendor: 'Microsoft Corporation', chassis_asset_tag: '7783-7084-3265-9085-8269-3286-77' },
    tells: ['A', 'AAAA'],
    answers: azure,
    troubles: [
      ['no public address', { [NETWORK]: azureSaid({ interface: [] }) }, NONE],
      ['a bad request', { '*': { status: 400 } }, 'answered with status 400 to /metadata/instance/network'],
      [
        'too many requests',
        { '*': { status: 429 } },
        'answered with status 429 to /metadata/instance/network',
      ],
      ['a captive portal', { '*': PAGE }, 'is not JSON'],
    ],
  },
  {
    name: 'oracle',
    endpoint: LINK_LOCAL,
    endpoint6: 'fd00:c1::a9fe:a9fe',
    firmware: { chassis_asset_tag: 'OracleCloud.com' },
    tells: ['AAAA'],
    answers: () => ({
      'GET /opc/v2/vnics/': {
        body: json([{ vnicId: 'ocid1.vnic', privateIp: '172.16.1.11', ipv6Addresses: [IPV6] }]),
        needs: { authorization: 'Bearer Oracle' },
        refusal: 401,
      },
    }),
    troubles: [
      [
        'no IPv6',
        { 'GET /opc/v2/vnics/': { body: json([{ privateIp: '172.16.1.11' }]) } },
        'names no public IPv6 address',
      ],
      ['version 1 alone', {}, 'names no public IPv6 address'],
      ['no authorization', { '*': { status: 401 } }, 'answered with status 401'],
      ['a captive portal', { '*': PAGE }, 'is not JSON'],
    ],
  },
  {
    name: 'digitalocean',
    endpoint: LINK_LOCAL,
    firmware: { sys_vendor: 'DigitalOcean' },
    tells: ['A', 'AAAA'],
    answers: (ipv4) => ({
      'GET /metadata/v1/interfaces/public/0/ipv4/address': { body: ipv4 },
      'GET /metadata/v1/interfaces/public/0/ipv6/address': {
        body: '2001:0DB8:0000:0000:0000:0000:0000:0007',
      },
    }),
    troubles: [
      ['no public card', {}, NONE],
      ['an error of its own', { '*': { status: 500 } }, 'answered with status 500'],
      ['a captive portal', { '*': PAGE }, 'is a page and not an address'],
    ],
  },
  {
    name: 'hetzner',
    endpoint: LINK_LOCAL,
    firmware: { sys_vendor: 'Hetzner', product_name: 'vServer' },
    tells: ['A', 'AAAA'],
    answers: hetzner,
    troubles: [
      ['no IPv4', { 'GET /hetzner/v1/metadata/public-ipv4': { body: '' } }, NONE],
      ['an error of its own', { '*': { status: 503 } }, 'answered with status 503'],
      ['a captive portal', { '*': PAGE }, 'the answer has no network-config'],
      ['hundreds of brackets', { '*': { body: '['.repeat(1_000) } }, 'the answer has no network-config'],
    ],
  },
  {
    name: 'tencent',
    endpoint: '169.254.0.23',
    firmware: { sys_vendor: 'Tencent Cloud', product_name: 'CVM' },
    tells: ['A'],
    answers: (ipv4) => ({ 'GET /latest/meta-data/public-ipv4': { body: ipv4 } }),
    troubles: [
      ['no public address', {}, NONE],
      ['a captive portal', { '*': PAGE }, 'is a page and not an address'],
      ['the other family', { '*': { body: '2001:db8::66' } }, 'asked for IPv4 and was told 2001:db8::66'],
    ],
  },
  {
    name: 'openstack',
    endpoint: LINK_LOCAL,
    firmware: { sys_vendor: 'OpenStack Foundation', product_name: 'OpenStack Nova' },
    tells: ['A', 'AAAA'],
    answers: openstack,
    troubles: [
      ['no floating address', openstack(''), 'names only addresses that are not public: 10.0.0.5'],
      ['no list of networks', {}, NONE],
      ['an error of its own', { '*': { status: 500 } }, 'answered with status 500'],
      ['a captive portal', { '*': PAGE }, 'is a page and not an address'],
    ],
  },
];

/** What every cloud may do: send elsewhere, which is not followed. */
export const redirect = (to: string): Answers => ({
  '*': { status: 302, headers: { location: to, 'metadata-flavor': 'Google' } },
});
