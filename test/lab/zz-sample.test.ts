import { afterEach, beforeEach, test } from 'vitest';
import { routerNetwork, startMiniupnpd } from './router-lab.ts';
import { Lab } from './support/lab.ts';
import { startNamed } from './support/named.ts';
import { PROGRAM } from './support/netdrift.ts';
import { startTurnserver } from './support/turn.ts';
import { writeFileSync } from 'node:fs';
import YAML from 'yaml';
let lab: Lab;
beforeEach(async () => { lab = await Lab.open(); });
afterEach(() => lab.close());
test('sample', async () => {
  const n = await routerNetwork(lab);
  const KEY = { name: 'netdrift', algorithm: 'hmac-sha256', secret: 'bmV0ZHJpZnQgbGFiIGtleSBvZiAzMiBvY3RldHMhISE=' };
  await startMiniupnpd(lab, n);
  await n.router.forward();
  await n.router.masquerade('wan');
  const outside = (await lab.namespace('srv'));
  await lab.cable({ namespace: outside, device: 'eth0' }, { namespace: n.router, device: 'srv' });
  await n.router.addAddress('srv', '203.0.115.1/24');
  await n.router.nft('table ip m2 {\n chain out {\n type nat hook postrouting priority srcnat\n oifname "srv" snat to 203.0.114.10\n }\n }');
  await outside.addAddress('eth0', '203.0.115.2/24');
  await outside.addAddress('eth0', '203.0.115.3/24');
  await outside.defaultRoute('203.0.115.1');
  await startTurnserver(lab, outside, { addresses: ['203.0.115.2', '203.0.115.3'] });
  await startNamed(lab, outside, { zones: [{ name: 'example.org', records: 'home A 203.0.114.9', policy: 'grant netdrift zonesub A AAAA;' }], keys: [KEY] });
  await n.host.addAddress('eth0', '2a00:1450:0:1::10/64');
  const folder = lab.folder('sample');
  const config = { state_dir: folder, uplinks: { wan: { ipv4: ['interface', 'router', { detector: 'stun', servers: ['203.0.115.2'] }], ipv6: ['interface'] } }, sinks: {
    bind: { provider: 'rfc2136', server: '203.0.115.2', key: KEY, records: ['home.example.org'] },
    other: { provider: 'rfc2136', server: '203.0.115.3', key: { ...KEY, secret: 'bm90IHRoZSBrZXkgdGhhdCB0aGUgc2VydmVyIGhhcyE=' }, records: ['nas.example.org'] },
  } };
  writeFileSync(`${folder}/config.yaml`, YAML.stringify(config), { mode: 0o600 });
  const r = await n.host.run([process.execPath, PROGRAM, 'doctor', '--config', `${folder}/config.yaml`]);
  writeFileSync('/tmp/sample.txt', r.stdout + r.stderr + `rc ${r.code}`);
});
