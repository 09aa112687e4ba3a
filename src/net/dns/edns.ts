import { EDNS_UDP_LENGTH, PLAIN_UDP_LENGTH, TYPE } from './codes.ts';
import type { Message, ResourceRecord } from './message.ts';

/** What an OPT record says (RFC 6891 section 6.1). */
export interface Edns {
  /** Octets the sender takes over UDP, at least 512. */
  readonly udpLength: number;
  readonly version: number;
  /** The upper eight bits of the answer code. */
  readonly extendedRcode: number;
  readonly dnssecOk: boolean;
  readonly options: readonly EdnsOption[];
}

export interface EdnsOption {
  readonly code: number;
  readonly octets: Uint8Array;
}

/** Option code of extended errors and two of their info codes (RFC 8914). */
const EXTENDED_ERROR = 15;
export const EXTENDED_ERRORS = { notReady: 14, notAuthoritative: 20 } as const;

/** The OPT record of a message; 'malformed' for several, one with an owner name, one elsewhere, or broken options. */
export function readEdns(message: Message): Edns | 'malformed' | undefined {
  if ([...message.answers, ...message.authorities].some(isOpt)) return 'malformed';
  const [record, ...more] = message.additionals.filter(isOpt);
  if (record === undefined) return undefined;
  if (more.length > 0 || record.name !== '' || record.data.kind !== 'opaque') return 'malformed';
  const options = readOptions(record.data.octets);
  if (options === undefined) return 'malformed';
  return {
    udpLength: Math.max(record.class, PLAIN_UDP_LENGTH),
    version: (record.ttl >>> 16) & 0xff,
    extendedRcode: record.ttl >>> 24,
    dnssecOk: (record.ttl & 0x8000) !== 0,
    options,
  };
}

const isOpt = (record: ResourceRecord): boolean => record.type === TYPE.OPT;

function readOptions(octets: Uint8Array): readonly EdnsOption[] | undefined {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  const options: EdnsOption[] = [];
  let at = 0;
  while (at < octets.length) {
    if (at + 4 > octets.length) return undefined;
    const end = at + 4 + view.getUint16(at + 2);
    if (end > octets.length) return undefined;
    options.push({ code: view.getUint16(at), octets: Uint8Array.from(octets.subarray(at + 4, end)) });
    at = end;
  }
  return options;
}

/** The OPT record to send: version 0, our UDP length, the given upper bits of the answer code. */
export function optRecord(
  fields: Partial<Pick<Edns, 'extendedRcode' | 'dnssecOk' | 'options'>>,
): ResourceRecord {
  const { extendedRcode = 0, dnssecOk = false, options = [] } = fields;
  const octets = options.flatMap(({ code, octets: content }) => [
    code >> 8,
    code & 0xff,
    content.length >> 8,
    content.length & 0xff,
    ...content,
  ]);
  return {
    name: '',
    type: TYPE.OPT,
    class: EDNS_UDP_LENGTH,
    ttl: ((extendedRcode << 24) | (dnssecOk ? 0x8000 : 0)) >>> 0,
    data: { kind: 'opaque', octets: Uint8Array.from(octets) },
  };
}

/** An extended error without text: the code says it, and answers stay small. */
export const extendedError = (code: number): EdnsOption => ({
  code: EXTENDED_ERROR,
  octets: Uint8Array.of(code >> 8, code & 0xff),
});
