import { afterEach, expect, test } from 'vitest';
import { Lab } from './support/lab.ts';
import { eventually } from './support/moment.ts';
import { describeLab } from './support/needs.ts';
import { startNetdrift } from './support/netdrift.ts';
import { Recorder } from './support/recorder.ts';

// Public addresses, since no others are published unasked; they do not leave the namespaces.
const [STABLE, SERVER] = ['2a0e:b107:1::10', '2a0e:b107:1::1'];

describeLab('a host whose system prefers temporary IPv6 addresses', [], () => {
  let lab: Lab;
  afterEach(() => lab.close());

  test('asks web services from the stable one, and is told that', async () => {
    lab = await Lab.open();
    const host = await lab.namespace('host');
    const outside = await lab.namespace('outside');
    await lab.cable({ namespace: host, device: 'eth0' }, { namespace: outside, device: 'eth0' });
    await outside.addAddress('eth0', `${SERVER}/64`);
    await host.sysctl('net.ipv6.conf.eth0.use_tempaddr', '2');
    await host.ip(`addr add ${STABLE}/64 dev eth0 mngtmpaddr nodad valid_lft 86400 preferred_lft 80000`);
    await host.defaultRoute(SERVER, { device: 'eth0' });
    const ready = async () => {
      const shown = await host.ip('-6 addr show dev eth0 scope global temporary');
      return shown.includes('inet6') && !shown.includes('tentative');
    };
    await eventually('the kernel makes a temporary address', ready, { timeout: 10_000 });
    // Without this the test would prove nothing.
    expect(await host.ip(`-6 route get ${SERVER}`)).not.toContain(`src ${STABLE} `);

    const service = await Recorder.start(lab, outside, { reply: { body: STABLE } });
    const http = { detector: 'http', services: [`http://[${SERVER}]:${service.port}/`] };
    const netdrift = startNetdrift(lab, {
      namespace: host,
      config: {
        watch: { every: '1h' },
        uplinks: { wan: { ipv6: [http], agree: 1 } },
        sinks: {
          local: { provider: 'embedded', listen: '127.0.0.1:15353', records: ['home.netdrift.test'] },
        },
        log: { level: 'debug' },
      },
    });
    await netdrift.line({ event: 'address_detected', address: STABLE }, { timeout: 10_000 });
    expect(new Set(service.requests.items.map(({ from }) => from))).toEqual(new Set([STABLE]));
  });
});
