/**
 * Whether a program has joined netlink groups, so that the kernel sends it events: /proc/PID/net/netlink, the columns being socket, protocol,
 * port, groups (hexadecimal) ... The port of a program's first socket is its pid. `undefined` where the file cannot be read.
 */
export function joinedNetlink(readFile: (path: string) => string, pid: number): boolean | undefined {
  let text: string;
  try {
    // Its own view: it may stand in another network namespace.
    text = readFile(`/proc/${pid}/net/netlink`);
  } catch {
    return undefined;
  }
  return text.split('\n').some((line) => {
    const [, protocol, port, groups = ''] = line.trim().split(/\s+/);
    return protocol === ROUTE && port === String(pid) && /[1-9a-f]/i.test(groups);
  });
}

/** NETLINK_ROUTE of include/uapi/linux/netlink.h. */
const ROUTE = '0';
