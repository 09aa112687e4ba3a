/** The two Internet protocol families. They are detected, judged and published independently of each other. */
export type Family = 'ipv4' | 'ipv6';

export const FAMILIES: readonly Family[] = ['ipv4', 'ipv6'];

/** The record type that carries an address of a family (RFC 1035 section 3.4.1, RFC 3596 section 2.1). */
export type RecordType = 'A' | 'AAAA';

export const recordTypeOf = (family: Family): RecordType => (family === 'ipv4' ? 'A' : 'AAAA');

export const familyOfType = (type: RecordType): Family => (type === 'A' ? 'ipv4' : 'ipv6');
