import { at, bodyOf, document, item, list, texts, withoutPrefix } from './answers.ts';
import { type Ask, type Cloud, isCard, Unusable } from './contract.ts';
import { readNetworkConfig } from './network-config.ts';

/**
 * https://cloud.google.com/compute/docs/metadata/predefined-metadata-keys (`network-interfaces/`: `accessConfigs[].externalIp`, empty where
 * there is none; `ipv6s`). Every true answer carries `Metadata-Flavor: Google`.
 */
export const google: Cloud = {
  name: 'google',
  operator: 'Google',
  endpoints: { ipv4: 'http://169.254.169.254', ipv6: 'http://[fd20:ce::254]' },
  tells: ['ipv4', 'ipv6'],
  cards: ['ipv4', 'ipv6'],
  owns: ({ product_name }) => product_name === 'Google Compute Engine',
  read: async (ask, family, { mac }) => {
    const flavor = { 'metadata-flavor': 'Google' };
    const genuine: Ask = async (path, request) => {
      const answer = await ask(path, request);
      if (answer.headers['metadata-flavor'] !== 'Google') {
        throw new Unusable('the answer does not say that it is from the metadata server');
      }
      return answer;
    };
    const cards = await document(
      genuine,
      '/computeMetadata/v1/instance/network-interfaces/?recursive=true',
      flavor,
    );
    const wanted = list(cards, 'network-interfaces').filter((card) => isCard(mac, at(card, 'mac')));
    return wanted.flatMap((card) => {
      if (family === 'ipv6') return texts(list(at(card, 'ipv6s'), 'ipv6s'), 'ipv6s');
      const configs = list(at(card, 'accessConfigs'), 'accessConfigs');
      return texts(
        configs.map((config) => at(config, 'externalIp')),
        'externalIp',
      );
    });
  },
};

/**
 * https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service (`network`; `Metadata: true`), and
 * https://learn.microsoft.com/azure/load-balancer/howto-load-balancer-imds: addresses of the Standard SKU stand there and not in `network`.
 * Its IPv6 addresses are in brackets. Only `publicIpAddresses` is the instance's own; the rules list what it shares with others.
 */
export const azure: Cloud = {
  name: 'azure',
  operator: 'Microsoft',
  endpoints: { ipv4: 'http://169.254.169.254' },
  tells: ['ipv4', 'ipv6'],
  cards: ['ipv4', 'ipv6'],
  // The asset tag of every Azure machine; the vendor alone would be any Hyper-V.
  owns: ({ chassis_asset_tag }) => chassis_asset_tag === '7783-7084-3265-9085-8269-3286-77',
  read: async (ask, family, { mac }) => {
    const headers = { metadata: 'true' };
    const network = await document(ask, '/metadata/instance/network?api-version=2021-02-01', headers);
    const entries = list(at(network, 'interface'), 'interface')
      .filter((card) => isCard(mac, at(card, 'macAddress')))
      .flatMap((card) => list(at(card, family, 'ipAddress'), 'ipAddress'));
    const own = texts(
      entries.map((entry) => at(entry, 'publicIpAddress')),
      'publicIpAddress',
    );
    if (own.length > 0) return own;
    const inside = new Set(entries.map((entry) => at(entry, 'privateIpAddress')));
    const balancer = await document(ask, '/metadata/loadbalancer?api-version=2020-10-01', headers);
    const pairs = list(at(balancer, 'loadbalancer', 'publicIpAddresses'), 'publicIpAddresses').filter(
      (pair) => mac === undefined || inside.has(unbracketed(at(pair, 'privateIpAddress'))),
    );
    return texts(
      pairs.map((pair) => unbracketed(at(pair, 'frontendIpAddress'))),
      'frontendIpAddress',
    ).filter((text) => text.includes(':') === (family === 'ipv6'));
  },
};

const unbracketed = (value: unknown): unknown =>
  typeof value === 'string' ? value.replace(/^\[(.*)\]$/, '$1') : value;

/**
 * https://docs.oracle.com/iaas/Content/Compute/Tasks/gettingmetadata.htm (version 2, `Authorization: Bearer Oracle`). Cards are listed with
 * their private IPv4 and their IPv6 addresses; the public IPv4 address is known to the cloud's gateway only.
 */
export const oracle: Cloud = {
  name: 'oracle',
  operator: 'Oracle',
  endpoints: { ipv4: 'http://169.254.169.254', ipv6: 'http://[fd00:c1::a9fe:a9fe]' },
  tells: ['ipv6'],
  cards: ['ipv6'],
  owns: ({ chassis_asset_tag }) => chassis_asset_tag === 'OracleCloud.com',
  read: async (ask, _, { mac }) => {
    const cards = await document(ask, '/opc/v2/vnics/', { authorization: 'Bearer Oracle' });
    const wanted = list(cards, 'vnics').filter((card) => isCard(mac, at(card, 'macAddr')));
    return wanted.flatMap((card) => texts(list(at(card, 'ipv6Addresses'), 'ipv6Addresses'), 'ipv6Addresses'));
  },
};

/** https://docs.digitalocean.com/reference/api/metadata: the Droplet's own addresses. What it sends does not leave from a reserved one. */
export const digitalocean: Cloud = {
  name: 'digitalocean',
  operator: 'DigitalOcean',
  endpoints: { ipv4: 'http://169.254.169.254' },
  tells: ['ipv4', 'ipv6'],
  cards: ['ipv4', 'ipv6'],
  owns: ({ sys_vendor }) => sys_vendor === 'DigitalOcean',
  read: async (ask, family, { mac }) => {
    // A Droplet has one public card; the other is its private one.
    if (mac !== undefined && !isCard(mac, await item(ask, '/metadata/v1/interfaces/public/0/mac'))) return [];
    const found = await item(ask, `/metadata/v1/interfaces/public/0/${family}/address`);
    return found === undefined ? [] : [found];
  },
};

/**
 * https://docs.hetzner.cloud/#server-metadata: `public-ipv4`; the IPv6 address stands in the network configuration of the whole document,
 * which is YAML, with its prefix length.
 */
export const hetzner: Cloud = {
  name: 'hetzner',
  operator: 'Hetzner',
  endpoints: { ipv4: 'http://169.254.169.254' },
  tells: ['ipv4', 'ipv6'],
  cards: ['ipv4', 'ipv6'],
  owns: ({ sys_vendor }) => sys_vendor === 'Hetzner',
  read: async (ask, family, { mac }) => {
    const root = '/hetzner/v1/metadata';
    const read = async () => {
      const cards = readNetworkConfig(bodyOf(await ask(root), root));
      return cards.filter((card) => isCard(mac, card.mac));
    };
    if (family === 'ipv4') {
      // The configuration lists the public card alone; those of private networks are not in it.
      if (mac !== undefined && (await read()).length === 0) return [];
      const found = await item(ask, `${root}/public-ipv4`);
      return found === undefined ? [] : [found];
    }
    const addresses = (await read()).flatMap((card) => card.addresses);
    return addresses.filter((text) => text.includes(':'));
  },
};

/**
 * https://docs.openstack.org/nova/latest/user/metadata.html: a floating address stands in the EC2-compatible part only (200 with nothing in
 * it where there is none); `network_data.json` lists the addresses of the ports, which are public on networks without NAT.
 */
export const openstack: Cloud = {
  name: 'openstack',
  operator: 'the OpenStack cloud',
  endpoints: { ipv4: 'http://169.254.169.254' },
  tells: ['ipv4', 'ipv6'],
  cards: [],
  owns: ({ product_name, chassis_asset_tag }) =>
    /^OpenStack (?:Nova|Compute)$/.test(product_name) ||
    ['OpenStack Nova', 'OpenStack Compute', 'HUAWEICLOUD', 'OpenTelekomCloud', 'SAP CCloud VM'].includes(
      chassis_asset_tag,
    ),
  read: async (ask, family) => {
    const floating = family === 'ipv4' ? await item(ask, '/latest/meta-data/public-ipv4') : undefined;
    if (floating !== undefined) return [floating];
    const data = await document(ask, '/openstack/latest/network_data.json');
    const networks = list(at(data, 'networks'), 'networks').filter((network) =>
      // `ipv4`, `ipv4_dhcp`, `ipv6`, `ipv6_slaac`, `ipv6_dhcpv6-stateful` ...
      String(at(network, 'type')).startsWith(family),
    );
    return texts(
      networks.map((network) => at(network, 'ip_address')),
      'ip_address',
    ).map(withoutPrefix);
  },
};
