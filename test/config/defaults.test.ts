import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { AUTO_DETECTORS, DEFAULTS, stateFolder } from '../../src/config/defaults.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { providers } from '../../src/sinks/registry.ts';
import { detectorKinds } from '../../src/sources/addresses/registry.ts';
import { host } from './fakes.ts';

describe('defaults', () => {
  test('are these', () => {
    expect(DEFAULTS).toEqual({
      watch: {
        every: '5m',
        jitter: 0.1,
        settle: '250ms',
        settle_limit: '3s',
        poll: '10s',
        keep_watch: '20s',
      },
      detection: { deadline: '5s' },
      uplinks: { wan: { ipv4: ['auto'], ipv6: ['auto'] } },
      uplink: { allow: [] },
      sink: {
        allow: [],
        timeout: '10s',
        minimum_gap: '5s',
        drift_check: '1h',
        drift_lookup: 'off',
        when_absent: 'keep',
      },
      failover: { hold_down: '30s', remove_after: '5m' },
      log: { level: 'info', format: 'auto' },
    });
  });

  test('auto stands for detectors that there are and that need no options', () => {
    for (const name of AUTO_DETECTORS) {
      const kind = detectorKinds.find((candidate) => candidate.name === name);
      expect(kind?.options.safeParse({}).success, name).toBe(true);
    }
  });

  test('stand in docs/configuration.md', async () => {
    const text = await readFile(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
    const rows = {
      ...DEFAULTS.watch,
      ...DEFAULTS.detection,
      ...DEFAULTS.sink,
      ...DEFAULTS.failover,
      ...DEFAULTS.log,
    };
    for (const [key, value] of Object.entries(rows)) {
      const shown = Array.isArray(value) ? '[]' : String(value);
      expect(text).toContain(`| \`${key}\` | \`${shown}\` |`);
    }
  });
});

describe('the state folder', () => {
  const at = { env: {}, platform: 'linux', home: '/home/me', uid: 1000 } as const;

  test('suits platform and user', () => {
    expect(stateFolder(at)).toBe('/home/me/.local/state/netdrift');
    expect(stateFolder({ ...at, uid: 0 })).toBe('/var/lib/netdrift');
    expect(stateFolder({ ...at, platform: 'freebsd', uid: 0 })).toBe('/var/lib/netdrift');
    expect(stateFolder({ ...at, env: { XDG_STATE_HOME: '/data/state' } })).toBe('/data/state/netdrift');
    expect(stateFolder({ ...at, env: { XDG_STATE_HOME: 'relative' } })).toBe(
      '/home/me/.local/state/netdrift',
    );
    expect(stateFolder({ ...at, platform: 'darwin', home: '/Users/me' })).toBe(
      '/Users/me/Library/Application Support/netdrift',
    );
    const windows = { ...at, platform: 'win32', uid: undefined } as const;
    expect(stateFolder({ ...windows, env: { PROGRAMDATA: 'D:\\Data' } })).toBe('D:\\Data\\netdrift');
    expect(stateFolder(windows)).toBe('C:\\ProgramData\\netdrift');
  });

  test('is the one that systemd made, if it made one', () => {
    const env = { STATE_DIRECTORY: '/var/lib/private/netdrift:/var/lib/other', XDG_STATE_HOME: '/x' };
    expect(stateFolder({ ...at, env })).toBe('/var/lib/private/netdrift');
    expect(stateFolder({ ...at, env: { STATE_DIRECTORY: '' } })).toBe('/home/me/.local/state/netdrift');
  });

  test('can be given, relative to the configuration', async () => {
    const sinks = 'sinks: { a: { provider: embedded, listen: "127.0.0.1:53", records: [a.example.org] } }';
    const at = async (folder: string) => {
      const loaded = await loadConfiguration(
        '/etc/netdrift/c.yaml',
        host({ '/etc/netdrift/c.yaml': `${sinks}\nstate_dir: ${folder}` }),
      );
      return loaded.ok ? loaded.settings.state_dir : '';
    };
    expect(await at('/srv/netdrift')).toBe('/srv/netdrift');
    expect(await at('state')).toBe('/etc/netdrift/state');
  });
});

describe('config.yaml', () => {
  const root = new URL('../../', import.meta.url);

  async function load(edit: (text: string) => string) {
    const text = edit(await readFile(new URL('config.yaml', root), 'utf8'));
    const components = {
      ...host(
        { '/etc/netdrift/config.yaml': text, '/run/secrets/dyn': 'x', '/run/secrets/tsig': 'c2VjcmV0' },
        0o100644,
      ),
      providers: async () => providers,
      detectors: detectorKinds,
    };
    return loadConfiguration('/etc/netdrift/config.yaml', {
      ...components,
      env: { CLOUDFLARE_API_TOKEN: 'x', HOOK_TOKEN: 'x' },
    });
  }

  test('runs as it is: no account, no outside request, the host and its network only', async () => {
    const loaded = await load((text) => text);
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    expect(loaded.warnings).toEqual([]);
    const { uplinks, sinks } = loaded.settings;
    const detectors = uplinks.flatMap(({ detectors }) => [...detectors.ipv4, ...detectors.ipv6]);
    expect(new Set(detectors.map(({ detector }) => detector))).toEqual(new Set(['interface']));
    expect(sinks.map(({ name, provider }) => [name, provider])).toEqual([['local', 'embedded']]);
    expect(sinks[0]?.records.map(({ key }) => `${key.name}/${key.type}`)).toEqual([
      'home.netdrift.test/A',
      'home.netdrift.test/AAAA',
    ]);
  });

  test('and its examples work when their `#` is taken away', async () => {
    const loaded = await load((text) => {
      const [before = '', examples = ''] = text.split(/(?=^# More sinks)/m);
      return before + examples.replace(/^# {3}/gm, '  ');
    });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems, null, 1));
    expect(loaded.settings.sinks.map(({ provider }) => provider)).toEqual([
      'embedded',
      'dyndns2',
      'cloudflare',
      'rfc2136',
      'webhook',
    ]);
  });
});
