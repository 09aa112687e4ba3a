import { type IpAddress, parseAddress } from '../../model/address.ts';
import { cleanWords } from '../http-words.ts';
import { childText, findAll, parseXml } from './xml.ts';

const ACTION = 'GetExternalIPAddress';

/** Header and body of the call; the type comes from the description and was matched against a fixed pattern there. */
export function externalAddressCall(serviceType: string): {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
} {
  return {
    headers: {
      'content-type': 'text/xml; charset="utf-8"',
      soapaction: `"${serviceType}#${ACTION}"`,
    },
    body:
      '<?xml version="1.0"?>\r\n' +
      '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" ' +
      's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>' +
      `<u:${ACTION} xmlns:u="${serviceType}"></u:${ACTION}></s:Body></s:Envelope>\r\n`,
  };
}

export type SoapAnswer =
  | { readonly kind: 'address'; readonly address: IpAddress }
  /** The service is there and its connection is down. */
  | { readonly kind: 'none' }
  | { readonly kind: 'fault'; readonly why: string }
  | { readonly kind: 'wrong'; readonly why: string };

/** Reads the answer to `externalAddressCall` (UDA 2.0 section 3.2). Never throws. */
export function readExternalAddress(status: number, body: string): SoapAnswer {
  const root = parseXml(body);
  if (root === undefined) return { kind: 'wrong', why: `status ${status} and no well-formed XML` };
  const fault = findAll(root, 'UPnPError')[0];
  if (fault !== undefined) {
    const code = childText(fault, 'errorCode') ?? '?';
    return { kind: 'fault', why: cleanWords(`error ${code} ${childText(fault, 'errorDescription') ?? ''}`) };
  }
  if (status !== 200) return { kind: 'wrong', why: `status ${status}` };
  const answer = findAll(root, `${ACTION}Response`)[0];
  const text = answer === undefined ? undefined : childText(answer, 'NewExternalIPAddress');
  if (text === undefined) return { kind: 'wrong', why: 'an answer without NewExternalIPAddress' };
  const address = outsideAddress(text);
  if (address === 'none') return { kind: 'none' };
  if (address === undefined) return { kind: 'wrong', why: `not an address: ${cleanWords(text)}` };
  return { kind: 'address', address };
}

/** A disconnected router says nothing or 0.0.0.0. */
export function outsideAddress(text: string): IpAddress | 'none' | undefined {
  const trimmed = text.trim();
  return trimmed === '' || trimmed === '0.0.0.0' ? 'none' : parseAddress(trimmed);
}
