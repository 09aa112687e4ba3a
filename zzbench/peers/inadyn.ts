import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Client, packageVersion } from './client.ts';

/** inadyn refuses more names in one block of its configuration. */
const NAMES_A_BLOCK = 50;

/** https://github.com/troglobit/inadyn; 2.10 is what Debian 12 has. */
export const inadyn: Client = {
  name: 'inadyn',
  interval: { default: 120, shortest: 1 },
  intervalSource:
    'DDNS_DEFAULT_PERIOD in its source, seen in its log (inadyn.conf(5) says "approx. 1 minute"); `period = 1` is obeyed',
  version: () => packageVersion('inadyn'),
  prepare({ names, pace, provider, folder, stateFolder }) {
    const file = path.join(folder, 'inadyn.conf');
    const blocks = Array.from({ length: Math.ceil(names.length / NAMES_A_BLOCK) }, (_, index) =>
      block(index, names.slice(index * NAMES_A_BLOCK, (index + 1) * NAMES_A_BLOCK), provider),
    );
    const lines = [...(pace === 'shortest' ? ['period = 1'] : []), 'iface = eth0', ...blocks, ''];
    writeFileSync(file, lines.join('\n'), { mode: 0o600 });
    return ['inadyn', '--foreground', '--no-pidfile', `--cache-dir=${stateFolder}`, '-f', file];
  },
};

const block = (index: number, names: readonly string[], provider: string): string =>
  `custom provider${index} {
  ssl = false
  username = user
  password = password
  hostname = { ${names.map((name) => `"${name}"`).join(', ')} }
  ddns-server = "${provider}"
  ddns-path = "/nic/update?hostname=%h&myip=%i"
  ddns-response = { "good", "nochg" }
}`;
