/**
 * Tells the links of VPNs by what they are, whatever they are called: WireGuard's name their kind, and a tun device (not a tap, which
 * virtual machines use) is made by a program that carries its packets elsewhere. Modems that speak raw IP look alike in every other way.
 *
 * What a link is never changes while it lives, so each is looked at once.
 */
export function tunnelTeller(
  read: (path: string) => string | undefined,
): (link: { readonly name: string; readonly index: number }) => boolean {
  let known = new Map<string, boolean>();
  let kept = new Map<string, boolean>();
  const look = (name: string): boolean => {
    const folder = `/sys/class/net/${name}`;
    if (/^DEVTYPE=wireguard$/m.test(read(`${folder}/uevent`) ?? '')) return true;
    const flags = Number(read(`${folder}/tun_flags`)?.trim() ?? 0);
    return (flags & IFF_TUN) !== 0;
  };
  return ({ name, index }) => {
    const key = `${index} ${name}`;
    const is = known.get(key) ?? kept.get(key) ?? look(name);
    // Two generations: links of containers come and go for years.
    if (known.size >= GENERATION) {
      kept = known;
      known = new Map();
    }
    known.set(key, is);
    return is;
  };
}

/** include/uapi/linux/if_tun.h */
const IFF_TUN = 0x0001;
const GENERATION = 1_000;
