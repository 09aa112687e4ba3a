import { item, session } from './answers.ts';
import { type Cloud, Unusable } from './contract.ts';

const MAC = /^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/i;
const META = '/latest/meta-data';
const CARDS = `${META}/network/interfaces/macs`;

/**
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-metadata.html (items `public-ipv4`, `ipv6`, and below a card's MAC address
 * `public-ipv4s`, `ipv6s`, one on each line; 404 where there is none),
 * .../configuring-instance-metadata-service.html (tokens; 401 without, 403 where the service is turned off).
 * In a container the token comes back only if the instance's hop limit is 2 or more.
 */
export const aws: Cloud = {
  name: 'aws',
  operator: 'Amazon',
  endpoints: { ipv4: 'http://169.254.169.254', ipv6: 'http://[fd00:ec2::254]' },
  tells: ['ipv4', 'ipv6'],
  cards: ['ipv4', 'ipv6'],
  // Nitro says so; older Xen instances in the version of their firmware only (`4.11.amazon`).
  owns: ({ sys_vendor, bios_vendor, bios_version }) =>
    sys_vendor === 'Amazon EC2' || bios_vendor === 'Amazon EC2' || /amazon/i.test(bios_version),
  read: async (ask, family, { tokenless, mac }) => {
    const names = {
      path: '/latest/api/token',
      life: 'x-aws-ec2-metadata-token-ttl-seconds',
      token: 'x-aws-ec2-metadata-token',
    };
    const headers = await session(ask, names, tokenless);
    if (mac !== undefined) {
      const list = family === 'ipv4' ? 'public-ipv4s' : 'ipv6s';
      const found = await item(ask, `${CARDS}/${mac}/${list}`, headers);
      return found === undefined ? [] : found.split(/\s+/);
    }
    const found = await item(ask, `${META}/${family === 'ipv4' ? 'public-ipv4' : 'ipv6'}`, headers);
    return found === undefined ? [] : [found];
  },
};

/**
 * https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata (`eipv4`; the IPv6 addresses stand below the card's MAC
 * address as `[a]` or `[a,b]`; 401 for a bad token, 403 with X-Forwarded-For).
 */
export const alibaba: Cloud = {
  name: 'alibaba',
  operator: 'Alibaba Cloud',
  endpoints: { ipv4: 'http://100.100.100.200', ipv6: 'http://[fd00:100::100:200]' },
  tells: ['ipv4', 'ipv6'],
  cards: ['ipv6'],
  owns: ({ sys_vendor, product_name }) =>
    sys_vendor === 'Alibaba Cloud' || product_name === 'Alibaba Cloud ECS',
  read: async (ask, family, { tokenless, mac: wanted }) => {
    const names = {
      path: '/latest/api/token',
      life: 'x-aliyun-ecs-metadata-token-ttl-seconds',
      token: 'x-aliyun-ecs-metadata-token',
    };
    const headers = await session(ask, names, tokenless);
    if (family === 'ipv4') {
      const found = await item(ask, `${META}/eipv4`, headers);
      return found === undefined ? [] : [found];
    }
    const mac = wanted ?? (await item(ask, `${META}/mac`, headers));
    if (mac === undefined || !MAC.test(mac)) throw new Unusable('it does not tell the MAC address');
    const found = await item(ask, `${CARDS}/${mac}/ipv6s`, headers);
    return bracketed(found ?? '');
  },
};

/** `[a, b]`, with or without quotes → a and b; a text without brackets is one. */
export function bracketed(text: string): readonly string[] {
  const inner = /^\[([^\]]*)\]$/.exec(text)?.[1] ?? text;
  return inner
    .split(',')
    .map((part) => part.trim().replace(/^"(.*)"$/, '$1'))
    .filter((part) => part !== '');
}

/**
 * https://www.tencentcloud.com/document/product/213/4934 (`public-ipv4`; no item for IPv6). metadata.tencentyun.com is this address; by
 * the literal, no resolver can send the question elsewhere.
 */
export const tencent: Cloud = {
  name: 'tencent',
  operator: 'Tencent Cloud',
  endpoints: { ipv4: 'http://169.254.0.23' },
  tells: ['ipv4'],
  cards: [],
  owns: ({ sys_vendor }) => sys_vendor === 'Tencent Cloud',
  read: async (ask) => {
    const found = await item(ask, `${META}/public-ipv4`);
    return found === undefined ? [] : [found];
  },
};
