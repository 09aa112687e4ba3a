import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Client, packageVersion } from './client.ts';

/** https://ddclient.net; 3.10 is what Debian 12 has. */
export const ddclient: Client = {
  name: 'ddclient',
  interval: { default: 300, shortest: 60 },
  intervalSource: 'daemon_interval="5m" in /etc/default/ddclient; less than 60 s is raised to 60 s',
  version: () => packageVersion('ddclient'),
  prepare({ names, pace, provider, folder, stateFolder }) {
    const file = path.join(folder, 'ddclient.conf');
    const lines = [
      `daemon=${pace === 'default' ? '5m' : '60'}`,
      'ssl=no',
      // With `usev4` 3.10 does not remember what it has published over dyndns2, and publishes it again at every look.
      'use=if',
      'if=eth0',
      'protocol=dyndns2',
      `server=${provider}`,
      'login=user',
      'password=password',
      names.join(','),
      '',
    ];
    writeFileSync(file, lines.join('\n'), { mode: 0o600 });
    const places = ['-cache', path.join(stateFolder, 'cache'), '-pid', path.join(folder, 'pid')];
    return ['ddclient', '-foreground', '-file', file, ...places];
  },
};
