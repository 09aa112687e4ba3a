import type { Provider } from '../contract.ts';
import { DYNDNS2, type Service } from '../table/service.ts';
import { tableSink } from '../table/sink.ts';
import { type Dyndns2Options, dyndns2Options } from './options.ts';

/**
 * The update protocol that most dynamic DNS services speak. It cannot be asked what it holds and removes nothing.
 * Facts: "Remote Access Update API" (help.dyn.com/remote-access-api), No-IP (www.noip.com/integrate/request, /response).
 */
export const dyndns2: Provider<Dyndns2Options> = {
  name: 'dyndns2',
  title: 'Any server that speaks dyndns2 (routers, own servers and services that are not in the list)',
  documentation: 'https://help.dyn.com/remote-access-api/',
  credentials: 'User name and password, or the update key, from the account page of the provider.',
  options: dyndns2Options,
  traits: { batch: Number.POSITIVE_INFINITY, multiple: false, creates: false, families: 'one' },
  example: [
    'provider: dyndns2',
    'server: https://dns.example.org',
    'username: alice',
    'password: { env: DYNDNS_PASSWORD }',
    '',
  ].join('\n'),
  create: ({ options, keys }, components) =>
    tableSink(
      serviceOf(options),
      {
        username: options.username,
        password: options.password,
        insecure_http: options.insecure_http,
        single_family: options.single_family === true,
      },
      { keys },
      components,
    ),
};

/** The options as the row of the table that they stand for. */
function serviceOf(options: Dyndns2Options): Service {
  const { families } = options;
  return {
    // A brace in the operator's path is a brace: only the table's own templates have placeholders.
    url: new URL(options.path, options.server).href.replaceAll('{', '%7B').replaceAll('}', '%7D'),
    method: 'GET',
    parameters: { hostname: '{names}', ...addressParameters(options) },
    headers: {},
    basic: { username: '{username}', password: '{password}' },
    families: families === 'separate_requests' ? 'separate' : 'together',
    other_family: otherFamilyOf(options),
    names_per_request: options.names_per_request,
    answer: { read: 'lines', field: [], words: DYNDNS2 },
    statuses: new Map(),
  };
}

/** Dyn itself, and who knows which other server, removes a family that is left out: what is known of it is sent along. */
function otherFamilyOf({ families, keep_word: word, other_family }: Dyndns2Options): Service['other_family'] {
  if (families === 'separate_requests') return 'omit';
  return word === undefined ? (other_family ?? 'known') : { word };
}

function addressParameters({ families, ipv6_parameter }: Dyndns2Options): Readonly<Record<string, string>> {
  if (families !== 'separate_parameter') return { myip: '{addresses}' };
  return { myip: '{ipv4}', [ipv6_parameter]: '{ipv6}' };
}
