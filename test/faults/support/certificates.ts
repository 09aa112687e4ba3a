import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { mustExecute } from '../../lab/support/namespace.ts';

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

export interface Authority {
  /** PEM file for NODE_EXTRA_CA_CERTS. */
  readonly file: string;
  /** `days` may be negative: then it has expired. */
  issue(name: string, days?: number): Promise<Certificate>;
}

let serial = 0;

/** A certificate authority of its own, made by openssl in `folder`; keys on P-256 take no time. */
export async function createAuthority(folder: string): Promise<Authority> {
  const at = (name: string): string => path.join(folder, name);
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await mustExecute(
    ['openssl', 'req', '-x509', ...newKey, '-keyout', at('ca.key'), '-out', at('ca.pem')].concat([
      ...['-days', '2', '-subj', '/CN=Authority of a test'],
    ]),
  );
  return {
    file: at('ca.pem'),
    async issue(name, days = 1) {
      serial += 1;
      const [key, request, cert, extensions] = ['key', 'csr', 'pem', 'ext'].map((end) =>
        at(`${serial}.${end}`),
      ) as [string, string, string, string];
      writeFileSync(extensions, `subjectAltName=DNS:${name}\n`);
      await mustExecute([
        'openssl',
        'req',
        ...newKey,
        '-keyout',
        key,
        '-out',
        request,
        '-subj',
        `/CN=${name}`,
      ]);
      await mustExecute([
        ...['openssl', 'x509', '-req', '-in', request, '-out', cert, '-days', String(days)],
        ...[
          '-CA',
          at('ca.pem'),
          '-CAkey',
          at('ca.key'),
          '-set_serial',
          String(serial),
          '-extfile',
          extensions,
        ],
      ]);
      return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
    },
  };
}
