import { readdirSync, readFileSync, statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { describeProvider } from '../../src/sinks/describe.ts';
import { providers } from '../../src/sinks/registry.ts';
import { makeCertificate } from '../fakes/certificate.ts';
import { type FakeProxy, startProxy } from '../fakes/http-proxy.ts';
import { type Reply, type SeenRequest, startHttpServer } from '../fakes/http-server.ts';
import { pause } from '../lab/support/moment.ts';
import { piecesOf } from '../support/pieces.ts';
import {
  longSecrets,
  type Planted,
  plantedSink,
  providerHosts,
  secretPaths,
  shapesOf,
} from './support/planted.ts';
import { Workspace } from './support/workspace.ts';

/** Each hands back what it was sent, in its own way of failing. */
type Trouble = 'refuse' | 'refuse_in_json' | 'garbage' | 'half' | 'cut' | 'hang' | 'elsewhere' | 'huge';

function replyTo({ method, target, headers, body }: SeenRequest, trouble: Trouble): Reply {
  const basic = /^Basic (.*)$/.exec(headers.authorization ?? '')?.[1] ?? '';
  // The name and password also as they were before they were encoded, lines and all.
  const login = Buffer.from(basic, 'base64').toString('utf8');
  const said = `${login} ${method} ${target} ${JSON.stringify(headers)} ${body}`;
  switch (trouble) {
    case 'refuse':
      return {
        status: 401,
        headers: {
          'www-authenticate': `Basic realm="${String(headers.authorization).replace(/[^ -~]/g, '?')}"`,
        },
        body: `badauth ${said}`,
      };
    case 'refuse_in_json': {
      const told = {
        code: said,
        message: said,
        detail: said,
        error: said,
        errors: [{ code: said, message: said }],
      };
      return { status: 403, headers: { 'content-type': 'application/json' }, body: JSON.stringify(told) };
    }
    case 'garbage':
      return {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ [said]: said, success: said }),
      };
    case 'half':
      return { body: said, announce: said.length + 100, hang: 'body' };
    case 'cut':
      return { raw: `HTTP/1.1 200 OK\r\nx-said: ${said.replace(/[^ -~]/g, '?')}\r\ncontent-` };
    case 'hang':
      return { hang: 'headers' };
    case 'elsewhere':
      return {
        status: 301,
        headers: { location: `http://127.0.0.1:9/${encodeURIComponent(said)}` },
        body: said,
      };
    case 'huge':
      return { body: said.padEnd(4_000_000, said), announce: 100_000_000 };
  }
}

/** Where the secret stands: in the file itself, in the environment, in another file, in a credential of systemd. */
function referenceTo(
  { value }: Planted,
  turn: number,
  space: Workspace,
  env: Record<string, string>,
): unknown {
  switch (turn % 4) {
    case 0:
      return value;
    case 1:
      env[`PLANTED_${turn}`] = value;
      return { env: `PLANTED_${turn}` };
    case 2:
      return { file: space.write(`secret-${turn}`, `${value}\n`) };
    default:
      space.write(`credential-${turn}`, `${value}\n`);
      return { credential: `credential-${turn}` };
  }
}

function placed(
  mapping: Readonly<Record<string, unknown>>,
  path: readonly string[],
  value: unknown,
): Record<string, unknown> {
  const [name = '', ...rest] = path;
  const inner = mapping[name] as Readonly<Record<string, unknown>>;
  return { ...mapping, [name]: rest.length === 0 ? value : placed(inner, rest, value) };
}

/** What an operator may write into places that are no secrets by their name: an update path, a witness's path and query. */
const UNNAMED: readonly Planted[] = ['update-path', 'witness-path', 'witness-query'].map((name) => ({
  provider: name,
  path: [],
  value: `Kanarienvogel-of-the-${name}`,
  telling: `Kanarienvogel-of-the-${name}`,
}));

/**
 * Places whose secret no service is sent here: keys that sign what is sent (OVH is asked for the time before that, and does not tell it),
 * what a webhook does when there is no address, and what goes to a program or a proxy.
 */
const NOT_SENT: ReadonlySet<string> = new Set([
  'aliyun.access_key_secret',
  'dnspod.secret_key',
  'google.key',
  'huawei.secret_key',
  'ovh.application_key',
  'ovh.application_secret',
  'ovh.consumer_key',
  'rfc2136.key.secret',
  'route53.secret_access_key',
  'webhook.clear.url',
  'webhook.clear.headers.PLANTED',
  'webhook.clear.body',
  'command.env.PLANTED',
  'proxy.',
]);

/** `custom` takes a token only where a template names it; the example has a password in its place. */
const NOT_BESIDE_THE_REST = ['custom.token'];

test('every place that takes a secret keeps it, whatever the provider and the operator do', {
  timeout: 300_000,
}, async () => {
  await using space = new Workspace();
  let trouble: Trouble = 'refuse';
  const respond = (request: SeenRequest): Reply => replyTo(request, trouble);
  const certificate = makeCertificate(providerHosts());
  const plain = await startHttpServer({ respond });
  const secure = await startHttpServer({ respond, tls: certificate });
  const proxy = await startProxy(Number(secure.url.port));
  const refusing = await startProxy(Number(secure.url.port), 'refuse');
  const strange = await startProxy(Number(secure.url.port), 'strange');
  const port = Number(plain.url.port);
  try {
    const proxyUrl = new URL(proxy.url);
    proxyUrl.username = 'somebody';
    proxyUrl.password = 'Kanarienvogel-of-the-proxy';
    const env: Record<string, string> = {
      HTTPS_PROXY: proxyUrl.href,
      NODE_EXTRA_CA_CERTS: space.write('ca.pem', certificate.cert),
      CREDENTIALS_DIRECTORY: space.folder,
    };
    const all: Planted[] = [
      {
        provider: 'proxy',
        path: [],
        value: 'Kanarienvogel-of-the-proxy',
        telling: 'Kanarienvogel-of-the-proxy',
      },
    ];
    const long = longSecrets();
    const sinks: Record<string, unknown> = {};
    for (const provider of providers) {
      const { mapping, planted } = plantedSink(provider, port);
      const places = new Set(secretPaths(provider).map((path) => `${provider.name}.${path.join('.')}`));
      const filled = planted.map(({ path }) => `${provider.name}.${path.join('.')}`);
      expect(filled.toSorted()).toEqual(
        [...places].filter((place) => !NOT_BESIDE_THE_REST.includes(place)).toSorted(),
      );
      if (planted.length === 0) continue;
      let sink: Record<string, unknown> = { ...mapping };
      for (const one of planted) sink = placed(sink, one.path, referenceTo(one, all.push(one), space, env));
      const zone = (provider as { readonly row?: { readonly service: { readonly zone?: string } } }).row
        ?.service.zone;
      const types = describeProvider(provider).families.map((family) => (family === 'ipv4' ? 'A' : 'AAAA'));
      sinks[`at-${provider.name}`] = {
        ...sink,
        provider: provider.name,
        ...(provider.name === 'dyndns2' ? { server: plain.url.href } : {}),
        ...(provider.name === 'powerdns' ? { endpoint: plain.url.href } : {}),
        // Says all that it was told, which no program should.
        ...(provider.name === 'command' ? { command: ['/bin/sh', '-c', 'env; env >&2; exit 77'] } : {}),
        ...(provider.name === 'rfc2136' ? { server: '127.0.0.1:9', zone: 'example.org' } : {}),
        timeout: '1500ms',
        allow: ['documentation'],
        records: [{ name: `home.${zone ?? 'example.org'}`, types: [...types] }],
      };
    }
    expect(all.length).toBeGreaterThan(60);
    all.push(...UNNAMED);
    const [updatePath, witnessPath, witnessQuery] = UNNAMED.map(({ value }) => value);
    for (const one of long) {
      sinks[`long-${one.path.join('')}`] = {
        provider: 'dyndns2',
        server: plain.url.href,
        path: `/nic/update?key=${updatePath}`,
        username: 'me',
        password: { file: space.write(`long-${one.path.join('')}`, `${one.value}\n`) },
        timeout: '1500ms',
        allow: ['documentation'],
        records: [{ name: 'home.example.org', types: ['A'] }],
      };
    }
    sinks['nowhere'] = {
      ...(sinks['long-lines'] as object),
      server: 'http://nowhere.invalid',
      insecure_http: true,
    };

    const configuration = {
      state_dir: 'state',
      log: { level: 'trace' },
      watch: { every: '1h', settle: '20ms' },
      uplinks: {
        wan: {
          ipv4: [{ detector: 'file', path: space.write('ipv4', '203.0.113.7') }],
          ipv6: [{ detector: 'file', path: space.write('ipv6', '2001:db8::7') }],
          allow: ['documentation'],
        },
        // Shows the secret of a file that should hold an address.
        slip: {
          ipv4: [{ detector: 'file', path: space.path('secret-2') }],
          ipv6: [{ detector: 'command', argv: ['cat', space.path('secret-2')] }],
        },
        ...Object.fromEntries(
          long.map(({ path }) => [
            `slip-${path.join('')}`,
            {
              ipv4: [
                { detector: 'file', path: space.path(`long-${path.join('')}`) },
                {
                  detector: 'command',
                  argv: ['sh', '-c', `cat ${space.path(`long-${path.join('')}`)} >&2; exit 1`],
                },
              ],
              ipv6: [{ detector: 'command', argv: ['cat', space.path(`long-${path.join('')}`)] }],
            },
          ]),
        ),
        asking: {
          ipv4: [
            {
              detector: 'http',
              services: [`${plain.url.href}${witnessPath}?key=${witnessQuery}`],
            },
          ],
        },
      },
      sinks,
    };
    Object.assign(configuration.sinks['at-dyndns2'] as object, {
      records: [
        { name: 'home.example.org', types: ['A'] },
        ...['slip', 'asking', ...long.map(({ path }) => `slip-${path.join('')}`)].map((uplink) => ({
          name: `${uplink}.example.org`,
          uplink,
        })),
      ],
    });
    const write = (more: object): string =>
      space.write('config.yaml', JSON.stringify({ ...configuration, ...more }));
    write({});

    const shown: string[] = [];
    const run = async (...words: string[]): Promise<void> => runWith(env, ...words);
    const runWith = async (env: Record<string, string>, ...words: string[]): Promise<void> => {
      const { stdout, stderr } = await space.run(words, { env });
      shown.push(`$ ${words.join(' ')}\n${stdout}\n${stderr}`);
    };
    const netdrift = space.start({ env });
    await netdrift.line('write_failed', { sink: 'at-cloudflare' }, { timeout: 60_000 });
    const watch = space.follow(['watch'], { env });
    await pause(1_500);
    const questions = [
      ['status'],
      ['status', '--json'],
      ['check'],
      ['doctor'],
      ['doctor', '--json'],
      ['trigger'],
      ['providers'],
      ['providers', 'webhook'],
    ];
    await Promise.all(questions.map((words) => run(...words)));
    for (const next of ['refuse_in_json', 'garbage', 'half', 'elsewhere'] as const) {
      trouble = next;
      await run('plan');
      await Promise.all(
        Object.keys(sinks)
          .filter((_, index) => index % 20 === 0)
          .map((name) => run('trigger', '--release', name)),
      );
    }
    trouble = 'refuse_in_json';
    await run('plan', '--json');

    // The secret where it does not belong: as a key, a name, a list, a number, and in text that is no YAML.
    const [, stray] = all;
    const good = readFileSync(space.path('config.yaml'), 'utf8');
    const literal = stray?.value ?? '';
    const wrong: readonly string[] = [
      JSON.stringify({
        ...configuration,
        sinks: { ...sinks, bad: { provider: literal, password: literal, records: [literal] } },
      }),
      JSON.stringify({
        ...configuration,
        sinks: {
          ...sinks,
          'at-dyndns2': {
            provider: 'dyndns2',
            pasword: literal,
            password: [literal],
            username: { file: literal },
            records: 7,
          },
        },
      }),
      JSON.stringify({
        ...configuration,
        sinks: {
          ...sinks,
          'at-cloudflare': {
            provider: 'cloudflare',
            token: { env: 'NOT_SET', [literal]: literal },
            records: [],
          },
        },
      }),
      `${good}\npassword: "${literal}\n  - [${literal}`,
    ];
    for (const text of wrong) {
      space.write('config.yaml', text);
      await run('check');
      const mark = netdrift.mark();
      netdrift.process.signal('SIGHUP');
      await netdrift.line('configuration_rejected', {}, { after: mark, timeout: 20_000 });
    }
    await Promise.all([run('once'), run('plan')]);

    await netdrift.end();
    await watch.process.exited;
    shown.push(netdrift.process.output(), watch.process.output());
    const { NODE_EXTRA_CA_CERTS: _, ...untrusting } = env;
    const through = (other: FakeProxy): Record<string, string> => {
      const url = new URL(other.url);
      url.username = proxyUrl.username;
      url.password = proxyUrl.password;
      return { ...env, HTTPS_PROXY: url.href };
    };
    const rounds: readonly (readonly [Trouble, Record<string, string>])[] = [
      ['cut', env],
      ['hang', env],
      ['garbage', env],
      ['huge', env],
      ['elsewhere', env],
      ['refuse', untrusting],
      ['refuse', through(refusing)],
      ['refuse', through(strange)],
    ];
    for (const [index, [next, around]] of rounds.entries()) {
      trouble = next;
      write({
        state_dir: `state-${index}`,
        log: { level: 'trace', format: index % 2 === 0 ? 'text' : 'json' },
      });
      await runWith(around, 'once');
    }
    // Without a running netdrift it watches by itself.
    const alone = space.follow(['watch'], { env });
    await alone.line('address_unavailable', {}, { timeout: 60_000 });
    await alone.end();
    shown.push(alone.process.output());
    for (const folder of ['state', ...rounds.map((_, index) => `state-${index}`)]) {
      for (const name of readdirSync(space.path(folder))) {
        const entry = space.path(`${folder}/${name}`);
        if (statSync(entry).isFile()) shown.push(readFileSync(entry, 'utf8'));
      }
    }

    // It was all there to be shown: the services were asked, with the secrets, and said them back.
    const text = shown.join('\n');
    const asked = [...plain.requests, ...secure.requests];
    expect(new Set(asked.map(({ headers }) => headers.host)).size).toBeGreaterThan(30);
    // Names and passwords in base64 as they were before.
    const logins = asked.map(({ headers }) =>
      Buffer.from(headers.authorization?.replace(/^Basic /, '') ?? '', 'base64').toString('utf8'),
    );
    const heard = JSON.stringify([asked, logins]);
    const unheard = [...all, ...long].filter(({ telling }) => !heard.includes(telling));
    expect(
      unheard
        .map(({ provider, path }) => `${provider}.${path.join('.')}`)
        .filter((place) => !NOT_SENT.has(place)),
    ).toEqual([]);
    expect(proxy.requests.some(({ authorization }) => authorization !== undefined)).toBe(true);
    expect(text).toContain('[secret]');
    for (const word of [
      'badauth',
      'user-agent',
      '"failed"',
      'credentials',
      'is not a known key',
      'home.example.org/A',
    ])
      expect(text).toContain(word);
    const found = all.flatMap((one) =>
      shapesOf(one).flatMap((shape) => {
        const at = text.indexOf(shape);
        return at < 0
          ? []
          : [
              `${one.provider}.${one.path.join('.')}: ${JSON.stringify(text.slice(Math.max(0, at - 400), at + 120))}`,
            ];
      }),
    );
    expect(found).toEqual([]);
    for (const { value } of long) expect(piecesOf(value, text)).toEqual([]);
  } finally {
    await Promise.all([plain, secure, proxy, refusing, strange].map((server) => server.close()));
  }
});
