/** Record types used here (IANA DNS parameters). Others travel as plain numbers. */
export const TYPE = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  TXT: 16,
  AAAA: 28,
  DNAME: 39,
  OPT: 41,
  TKEY: 249,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const;

/** Classes; NONE and ANY carry the meaning of prerequisites and deletions in UPDATE (RFC 2136 section 2.4). */
export const CLASS = { IN: 1, CH: 3, NONE: 254, ANY: 255 } as const;

export const OPCODE = { QUERY: 0, NOTIFY: 4, UPDATE: 5 } as const;

/** Answer codes (RFC 1035, RFC 2136, RFC 6891) and the TSIG error codes (RFC 8945 section 3), which share one registry. */
export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  YXRRSET: 7,
  NXRRSET: 8,
  NOTAUTH: 9,
  NOTZONE: 10,
  BADVERS: 16,
} as const;

export const TSIG_ERROR = { BADSIG: 16, BADKEY: 17, BADTIME: 18, BADTRUNC: 22 } as const;

/** `REFUSED`, or `RCODE 23` for one without a name here. */
export function rcodeText(rcode: number): string {
  return Object.entries(RCODE).find(([, code]) => code === rcode)?.[0] ?? `RCODE ${rcode}`;
}

/** `BADKEY`, or `error 23` for one without a name here. */
export function tsigErrorText(error: number): string {
  return Object.entries(TSIG_ERROR).find(([, code]) => code === error)?.[0] ?? `error ${error}`;
}

/** Octets of a message header (RFC 1035 section 4.1.1). */
export const HEADER_LENGTH = 12;

/** What a peer without EDNS accepts over UDP (RFC 1035 section 2.3.4). */
export const PLAIN_UDP_LENGTH = 512;

/** What is sent and offered over UDP with EDNS: fits an IPv6 link of 1280 octets unfragmented (DNS flag day 2020). */
export const EDNS_UDP_LENGTH = 1232;
