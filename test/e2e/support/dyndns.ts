import { type FakeHttpServer, type Responder, startHttpServer } from '../../fakes/http-server.ts';

/** A dyndns2 service that agrees to everything: one `good ADDRESS` a name. */
export const agreeable: Responder = ({ url }) => {
  const names = (url.searchParams.get('hostname') ?? '').split(',');
  return { body: names.map(() => `good ${url.searchParams.get('myip')}`).join('\n') };
};

export const startDyndns = (respond: Responder = agreeable): Promise<FakeHttpServer> =>
  startHttpServer({ respond });

/** What the service was told, in order: `home.example.net=203.0.113.7`. */
export const told = (server: FakeHttpServer): readonly string[] =>
  server.requests.map(({ url }) => `${url.searchParams.get('hostname')}=${url.searchParams.get('myip')}`);

export interface ConfigParts {
  readonly server: FakeHttpServer;
  /** File with the address; absolute. */
  readonly file: string;
  readonly password?: string;
  /** Further top-level keys, as YAML. */
  readonly more?: string;
  readonly records?: string;
  /** Further keys of the sink, as lines of YAML without indentation. */
  readonly sink?: readonly string[];
}

/** A configuration whose address stands in a file and goes to a dyndns2 service: everything but a network that changes. */
export const configOf = ({
  server,
  file,
  password = 'pass-word-1',
  more,
  records,
  sink,
}: ConfigParts): string =>
  [
    'state_dir: state',
    // Long, so that nothing but what the test does makes it look.
    'watch: { every: 1h, settle: 20ms }',
    ...(more === undefined ? [] : [more]),
    'uplinks:',
    `  wan: { ipv4: [{ detector: file, path: ${file} }], allow: [documentation] }`,
    'sinks:',
    '  dyn:',
    '    provider: dyndns2',
    `    server: ${server.url.href}`,
    '    username: me',
    `    password: ${JSON.stringify(password)}`,
    '    allow: [documentation]',
    '    minimum_gap: 0s',
    `    records: ${records ?? '[home.example.net]'}`,
    ...(sink ?? []).map((line) => `    ${line}`),
    '',
  ].join('\n');
