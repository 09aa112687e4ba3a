import type { Namespace } from './namespace.ts';

export interface DigQuestion {
  readonly server: string;
  readonly port?: number;
  readonly name: string;
  readonly type: string;
  readonly tcp?: boolean;
  /** Further words for dig: `+norecurse`, `-y hmac-sha256:name:secret`. */
  readonly words?: readonly string[];
}

export interface DigAnswer {
  /** `NOERROR`, `NXDOMAIN`, `REFUSED` ...; `TIMEOUT` if there was no answer. */
  readonly status: string;
  /** `qr aa rd` as a list. */
  readonly flags: readonly string[];
  /** Contents of the answer section, of the type asked only, sorted. */
  readonly values: readonly string[];
  /** Of the first answer. */
  readonly ttl?: number;
}

/** Asks one question once, with the real `dig`, from inside the namespace; one second for the answer. */
export async function dig(namespace: Namespace, question: DigQuestion): Promise<DigAnswer> {
  const { stdout } = await namespace.run([
    'dig',
    '+noall',
    '+comments',
    '+answer',
    '+time=1',
    '+tries=1',
    question.tcp === true ? '+tcp' : '+notcp',
    ...(question.words ?? []),
    `@${question.server}`,
    '-p',
    String(question.port ?? 53),
    question.name,
    question.type,
  ]);
  const rows = stdout
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith(';'))
    .map((line) => /^\S+\s+(\d+)\s+\S+\s+(\S+)\s+(.*)$/.exec(line))
    .filter((row) => row !== null && row[2] === question.type);
  const ttl = rows[0]?.[1];
  return {
    status: /status: ([A-Z]+)/.exec(stdout)?.[1] ?? 'TIMEOUT',
    flags: /flags: ([a-z ]*);/.exec(stdout)?.[1]?.trim().split(' ') ?? [],
    values: rows.map((row) => row?.[3] ?? '').sort(),
    ...(ttl === undefined ? {} : { ttl: Number(ttl) }),
  };
}
