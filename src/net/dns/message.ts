import type { IpAddress } from '../../model/address.ts';
import type { WireName } from './names.ts';

/** A DNS message (RFC 1035 section 4). In an UPDATE the sections mean zone, prerequisites, updates, additional (RFC 2136 section 2). */
export interface Message extends Header {
  readonly questions: readonly Question[];
  readonly answers: readonly ResourceRecord[];
  readonly authorities: readonly ResourceRecord[];
  readonly additionals: readonly ResourceRecord[];
}

export interface Header {
  readonly id: number;
  readonly response: boolean;
  readonly opcode: number;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  readonly authenticData: boolean;
  readonly checkingDisabled: boolean;
  /** The four bits of the header; EDNS has eight more in its OPT record. */
  readonly rcode: number;
}

export interface Question {
  readonly name: WireName;
  readonly type: number;
  readonly class: number;
}

export interface ResourceRecord {
  readonly name: WireName;
  readonly type: number;
  readonly class: number;
  readonly ttl: number;
  readonly data: RecordData;
}

/** Content of a record. What is not understood, or is empty as in an UPDATE, stays `opaque` octets. */
export type RecordData =
  | { readonly kind: 'address'; readonly address: IpAddress }
  /** NS, CNAME, PTR, DNAME. */
  | { readonly kind: 'name'; readonly name: WireName }
  | ({ readonly kind: 'soa' } & StartOfAuthority)
  | { readonly kind: 'opaque'; readonly octets: Uint8Array };

export interface StartOfAuthority {
  readonly primary: WireName;
  readonly mailbox: WireName;
  readonly serial: number;
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  readonly minimum: number;
}

export const NO_DATA: RecordData = { kind: 'opaque', octets: new Uint8Array() };

/** A query or UPDATE with everything at rest; callers spread over it. */
export const EMPTY_MESSAGE: Message = {
  id: 0,
  response: false,
  opcode: 0,
  authoritative: false,
  truncated: false,
  recursionDesired: false,
  recursionAvailable: false,
  authenticData: false,
  checkingDisabled: false,
  rcode: 0,
  questions: [],
  answers: [],
  authorities: [],
  additionals: [],
};
