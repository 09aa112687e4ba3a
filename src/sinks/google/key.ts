import { createPrivateKey, sign } from 'node:crypto';
import * as z from 'zod';
import { secret } from '../../config/schema-types.ts';
import type { Secret } from '../../config/secret.ts';

/** What is used of a service account's key file. https://cloud.google.com/iam/docs/keys-create-delete#creating */
const keyFile = z.object({
  type: z.literal('service_account'),
  project_id: z.string().min(1),
  private_key_id: z.string().optional(),
  private_key: z.string().includes('PRIVATE KEY'),
  client_email: z.string().min(1),
  token_uri: z.string().default('https://oauth2.googleapis.com/token'),
});
export type ServiceAccount = z.output<typeof keyFile>;

function parse(text: string): ServiceAccount | undefined {
  try {
    return keyFile.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** The whole key file as one secret; refused while the configuration is read if it is not one. */
export const serviceAccountKey = () =>
  secret().refine((value) => parse(value.reveal()) !== undefined, {
    error: 'is not the JSON key file of a service account',
    params: {
      remedy:
        'make a key of type JSON for the service account, and name the file: { file: /path/to/key.json }',
      secret: true,
    },
  });

/** @throws TypeError if the secret did not pass `serviceAccountKey`. */
export function serviceAccountOf(value: Secret): ServiceAccount {
  const account = parse(value.reveal());
  if (account === undefined) throw new TypeError('not the key file of a service account');
  return account;
}

const SCOPE = 'https://www.googleapis.com/auth/ndev.clouddns.readwrite';
const base64url = (value: object | Uint8Array): string =>
  Buffer.from(value instanceof Uint8Array ? value : JSON.stringify(value)).toString('base64url');

/**
 * The signed assertion that is exchanged for a token: RFC 7515 with RS256 (RFC 7518 section 3.3), claims of RFC 7523 section 3.
 * https://developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests
 */
export function assertion(account: ServiceAccount, wall: number): string {
  const { client_email: iss, private_key: pem, private_key_id: kid, token_uri: aud } = account;
  const iat = Math.floor(wall / 1_000);
  const header = { alg: 'RS256', typ: 'JWT', ...(kid === undefined ? {} : { kid }) };
  const claims = { iss, scope: SCOPE, aud, iat, exp: iat + 3_600 };
  const signed = `${base64url(header)}.${base64url(claims)}`;
  return `${signed}.${base64url(sign('sha256', Buffer.from(signed), createPrivateKey(pem)))}`;
}
