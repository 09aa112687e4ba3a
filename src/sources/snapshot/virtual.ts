/**
 * Names of links that other programs make: containers, virtual machines, tunnels. Only defaults: an interface the operator names, and
 * the one that holds the default route, is never taken for virtual, so `eth0` of a container (a veth) and a bridge named by hand work.
 * `*` stands for anything, `?` for one character. `br-` and twelve digits is how Docker names its bridges; `br-lan` is a router's own.
 */
const LINUX = [
  ...[
    'docker*',
    'br-????????????',
    'veth*',
    'virbr*',
    'vnet*',
    'lxc*',
    'lxdbr*',
    'cni*',
    'flannel*',
    'cali*',
  ],
  ...['podman*', 'kube-*', 'dummy*', 'ifb*', 'tun*', 'tap*', 'wg*', 'tailscale*', 'zt*', 'wt0', 'nebula*'],
  ...['sit*', 'gre*', 'gretap*', 'erspan*', 'ip6tnl*', 'tunl*', 'ip_vti*', 'ip6_vti*', 'vxlan*', 'nlmon*'],
];

/** awdl, llw, anpi: Apple's links to devices nearby, which come and go all day. */
const MACOS = [
  ...[
    'llw*',
    'awdl*',
    'ipsec*',
    'gif*',
    'stf*',
    'XHC*',
    'anpi*',
    'utun*',
    'bridge*',
    'ap?',
    'vmenet*',
    'feth*',
  ],
  ...['tun*', 'tap*', 'zt*'],
];

const WINDOWS = [
  ...['VMware*', 'VMnet*', 'VirtualBox*', 'vEthernet (Default Switch)', 'vEthernet (WSL*', 'Tailscale*'],
  ...['ZeroTier*', 'WireGuard*', 'OpenVPN*', 'Loopback Pseudo-Interface*'],
];

const OTHERS = ['tun*', 'tap*', 'wg*', 'gif*', 'gre*', 'epair*', 'bridge*', 'vether*', 'zt*', 'tailscale*'];

/** Links of VPNs, on all systems. Point-to-point links of providers (ppp*, PPPoE, LTE) are uplinks and not among them. */
export const TUNNELS: readonly string[] = [
  ...[
    'tun*',
    'tap*',
    'wg*',
    'utun*',
    'ipsec*',
    'tailscale*',
    'zt*',
    'wt0',
    'nebula*',
    'nordlynx',
    'proton*',
    'mullvad*',
  ],
  ...['WireGuard*', 'OpenVPN*', 'ZeroTier*'],
];

export function virtualNames(platform: NodeJS.Platform): readonly string[] {
  switch (platform) {
    case 'linux':
    case 'android':
      return LINUX;
    case 'darwin':
      return MACOS;
    case 'win32':
      return WINDOWS;
    default:
      return OTHERS;
  }
}

/** A test for names that fit one of the patterns, whole name, upper and lower case alike. */
export function nameMatcher(patterns: readonly string[]): (name: string) => boolean {
  const expressions = patterns.map((pattern) => new RegExp(`^${translate(pattern)}$`, 'i'));
  return (name) => expressions.some((expression) => expression.test(name));
}

const translate = (pattern: string): string =>
  pattern
    .replace(/[\\^$.+()[\]{}|]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
