import type { Secret } from '../../config/secret.ts';
import { isLoopbackHost } from '../../net/http-words.ts';
import { isPlaceholder, namesIn, PLACEHOLDERS } from './placeholders.ts';
import { familiesOf, placeholdersOf, type Service, templatesOf } from './service.ts';

/** Something wrong with a service, at its place in the mapping. */
export interface ServiceProblem {
  readonly path: readonly string[];
  readonly message: string;
  readonly remedy: string;
}

/** What the operator gives beside the service itself. */
export interface Account {
  readonly username?: string | undefined;
  readonly password?: Secret | undefined;
  readonly token?: Secret | undefined;
  readonly insecure_http: boolean;
  /** Names have one family only; that the service removes the other is meant. */
  readonly single_family: boolean;
}

/** Everything that can be wrong with a service, so that nothing but the values is left to go wrong later. */
export function serviceProblems(service: Service, insecure: boolean): readonly ServiceProblem[] {
  return [
    ...templatesOf(service).flatMap(({ path, text }) => unknownPlaceholders(path, text)),
    ...urlProblems(['url'], service.url, insecure),
    ...(service.ipv6_url === undefined ? [] : urlProblems(['ipv6_url'], service.ipv6_url, insecure)),
    ...addressProblems(service),
    ...nameProblems(service),
    ...answerProblems(service),
  ];
}

function unknownPlaceholders(path: readonly string[], text: string): readonly ServiceProblem[] {
  return namesIn(text)
    .filter((name) => !isPlaceholder(name))
    .map((name) => ({
      path,
      message: `uses the unknown placeholder {${name}}`,
      remedy: `use one of ${PLACEHOLDERS.map((known) => `{${known}}`).join(' ')}`,
    }));
}

export function urlProblems(
  path: readonly string[],
  text: string,
  insecure: boolean,
): readonly ServiceProblem[] {
  const remedy = 'write it whole, such as https://dns.example.org/update';
  const origin = /^https?:\/\/[^/?#]*/i.exec(text)?.[0];
  if (origin === undefined || !URL.canParse(origin))
    return [{ path, message: 'is not an http or https URL', remedy }];
  const { protocol, hostname, username, password } = new URL(origin);
  const problems: ServiceProblem[] = [];
  // What follows the host may be filled in; the host never, so that no value can send the credentials elsewhere.
  if (/[{}]/.test(origin)) problems.push({ path, message: 'has a placeholder in its host', remedy });
  if (username !== '' || password !== '') {
    problems.push({ path, message: 'holds a user or password', remedy: 'take it out and use basic' });
  }
  if (text.includes('#')) problems.push({ path, message: 'has a fragment, which is never sent', remedy });
  if (protocol !== 'https:' && !insecure && !isLoopbackHost(hostname)) {
    problems.push({
      path,
      message: 'would send the credentials unencrypted',
      remedy: 'write https://, or set insecure_http: true if the server has no TLS and you accept that',
    });
  }
  return problems;
}

function addressProblems(service: Service): readonly ServiceProblem[] {
  const used = placeholdersOf(service);
  const both = used.has('ipv4') && used.has('ipv6');
  const problems: ServiceProblem[] = [];
  if (familiesOf(service).length === 0) {
    const remedy =
      'put {ipv4} and {ipv6}, {addresses} or, with families: separate, {address} into a parameter';
    problems.push({ path: ['parameters'], message: 'send no address', remedy });
  }
  if (used.has('address') && service.families !== 'separate') {
    const remedy = 'set families: separate, or use {ipv4} and {ipv6}, or {addresses}';
    problems.push({ path: ['families'], message: 'is together, and {address} has room for one', remedy });
  }
  if (service.ipv6_url !== undefined && service.families !== 'separate') {
    problems.push({ path: ['ipv6_url'], message: 'has no effect here', remedy: 'set families: separate' });
  }
  const apart = typeof service.other_family === 'object' && !both;
  if (service.other_family !== 'omit' && (service.families === 'separate' || apart)) {
    const remedy = 'use {ipv4} and {ipv6} in parameters of their own, with families: together';
    problems.push({ path: ['other_family'], message: 'has no effect here', remedy });
  }
  if (service.clear !== undefined && used.has('addresses')) {
    const remedy = 'use {ipv4} and {ipv6}, or {address} with families: separate';
    problems.push({ path: ['clear'], message: 'cannot be said with {addresses}', remedy });
  }
  return problems;
}

function nameProblems(service: Service): readonly ServiceProblem[] {
  const used = placeholdersOf(service);
  const problems: ServiceProblem[] = [];
  const zoned = ['zone', 'host', 'hosts'].find((name) => used.has(name));
  if (zoned !== undefined && service.zone === undefined) {
    const remedy = 'give zone: and the domain that the names are in';
    problems.push({ path: ['zone'], message: `is missing, and {${zoned}} is used`, remedy });
  }
  if (
    service.names_per_request > 1 &&
    (used.has('name') || used.has('host') || !(used.has('names') || used.has('hosts')))
  ) {
    const remedy = 'use {names} or {hosts} in place of {name} and {host}, or take it out';
    problems.push({ path: ['names_per_request'], message: 'needs a list of names', remedy });
  }
  return problems;
}

function answerProblems({ answer, statuses }: Service): readonly ServiceProblem[] {
  const problems: ServiceProblem[] = [];
  const parsed = answer.read === 'json' || answer.read === 'xml';
  const wantsField = parsed || answer.read === 'header';
  if (wantsField !== answer.field.length > 0) {
    const remedy = wantsField
      ? 'name the field that tells success from failure'
      : 'set read: json, read: xml or read: header';
    problems.push({
      path: ['answer', 'field'],
      message: wantsField ? 'is missing' : 'has no effect here',
      remedy,
    });
  }
  if (answer.addresses !== undefined && !parsed) {
    const remedy = 'put {addresses} into the words, or set read: json or read: xml';
    problems.push({ path: ['answer', 'addresses'], message: 'have no effect here', remedy });
  }
  const successes = [...statuses].filter(([, { kind }]) => kind !== 'failed').map(([status]) => status);
  if (successes.some((status) => status > 299)) {
    const remedy = 'only a status from 200 to 299 can be a success';
    problems.push({ path: ['statuses'], message: 'take an error for a success', remedy });
  }
  const said =
    answer.read === 'status'
      ? successes.length > 0
      : answer.words.some(({ meaning }) => meaning.kind !== 'failed');
  if (!said) {
    const remedy = 'say what a success looks like: updated or unchanged';
    problems.push({
      path: answer.read === 'status' ? ['statuses'] : ['answer', 'words'],
      message: 'know no success',
      remedy,
    });
  }
  return problems;
}

const CREDENTIALS = ['username', 'password', 'token'] as const;

/** What is wrong with the credentials: missing, not used, or not fit for the place they go to. */
export function accountProblems(service: Service, account: Account): readonly ServiceProblem[] {
  return CREDENTIALS.flatMap((key) => {
    const places = templatesOf(service).filter(({ text }) => namesIn(text).includes(key));
    const given = account[key];
    const value = typeof given === 'object' ? given.reveal() : given;
    if (value === undefined) {
      const remedy = `give ${key}: or { env: NAME } with it`;
      return places.length === 0 ? [] : [{ path: [key], message: 'is missing', remedy }];
    }
    if (places.length === 0) {
      return [
        {
          path: [key],
          message: 'has no effect here',
          remedy: `put {${key}} into a template, or take it out`,
        },
      ];
    }
    return places.flatMap(({ path }) => unfit(key, value, path[0] ?? ''));
  });
}

function unfit(key: string, value: string, place: string): readonly ServiceProblem[] {
  const problem = (message: string, remedy: string) => [{ path: [key], message, remedy }];
  // RFC 9110 section 5.5: what is not visible ASCII or a space may end a header, or be read otherwise at the other end.
  if (place === 'headers' && !/^[\x20-\x7e]*$/.test(value)) {
    return problem(
      'holds characters that cannot stand in a header',
      'use letters, digits and signs of ASCII',
    );
  }
  // RFC 7617 section 2: no control characters, and what stands before the first colon is the user.
  if (place === 'basic' && /\p{Cc}/u.test(value)) {
    return problem('holds control characters', 'look for a line break at its end');
  }
  if (place === 'basic' && key === 'username' && value.includes(':')) {
    return problem('must not hold a colon', 'compare it with the account page of the provider');
  }
  // Percent-encoded or not, these are steps in a path (WHATWG URL section 4.4).
  if (place.endsWith('url') && (value === '.' || value === '..')) {
    return problem('cannot stand in a path', 'compare it with the account page of the provider');
  }
  return [];
}
