import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import { address, addressBytes } from '../../src/model/address.ts';

export interface TestCertificate {
  /** PEM, as `https.createServer` takes them. */
  readonly key: string;
  readonly cert: string;
}

/**
 * A self-signed certificate made on the spot (RFC 5280, DER by hand), so that no key lies in the repository.
 * Valid from an hour ago for `days`; a negative number gives one that has expired.
 */
export function makeCertificate(
  hosts: readonly string[] = ['localhost', '127.0.0.1', '::1'],
  days = 2,
): TestCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = sequence(set(sequence(oid('550403'), der(0x0c, Buffer.from('netdrift test')))));
  const serial = randomBytes(16);
  serial[0] = 1;
  const body = sequence(
    der(0xa0, integer(2)),
    der(0x02, serial),
    ECDSA_WITH_SHA256,
    name,
    sequence(time(Math.min(-1 / 24, days - 1)), time(days)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(subjectAlternativeNames(hosts), basicConstraints())),
  );
  return {
    key: pem(privateKey),
    cert: toPem('CERTIFICATE', sequence(body, ECDSA_WITH_SHA256, signature(body, privateKey))),
  };
}

const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const ECDSA_WITH_SHA256 = sequence(oid('2a8648ce3d040302'));

function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const header =
    length < 128
      ? [tag, length]
      : length < 256
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(header), content]);
}

function sequence(...items: readonly Buffer[]): Buffer {
  return der(0x30, ...items);
}

function set(...items: readonly Buffer[]): Buffer {
  return der(0x31, ...items);
}

const integer = (value: number): Buffer => der(0x02, Buffer.from([value]));

function time(daysFromNow: number): Buffer {
  const text = new Date(Date.now() + daysFromNow * 86_400_000).toISOString();
  return der(0x18, Buffer.from(`${text.replaceAll(/[-:T]/g, '').slice(0, 14)}Z`));
}

function subjectAlternativeNames(hosts: readonly string[]): Buffer {
  const names = hosts.map((host) =>
    isIPv4(host) || isIPv6(host)
      ? der(0x87, Buffer.from(addressBytes(address(host))))
      : der(0x82, Buffer.from(host)),
  );
  return sequence(oid('551d11'), der(0x04, sequence(...names)));
}

const basicConstraints = (): Buffer =>
  sequence(oid('551d13'), der(0x01, Buffer.from([255])), der(0x04, sequence(der(0x01, Buffer.from([255])))));

const signature = (body: Buffer, key: KeyObject): Buffer =>
  der(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', body, key)]));

const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

function toPem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
