/** What the tests use of dns-packet, which has no types of its own. */
declare module 'dns-packet' {
  export interface OtherRecord {
    readonly type: string;
    readonly name: string;
    readonly class?: string;
    readonly ttl?: number;
    readonly data?: unknown;
    readonly [field: string]: unknown;
  }
  export interface OtherMessage {
    readonly type?: 'query' | 'response';
    readonly id?: number;
    readonly flags?: number;
    readonly flag_aa?: boolean;
    readonly flag_tc?: boolean;
    readonly rcode?: string;
    readonly questions?: readonly { readonly type: string; readonly name: string; readonly class?: string }[];
    readonly answers?: readonly OtherRecord[];
    readonly authorities?: readonly OtherRecord[];
    readonly additionals?: readonly OtherRecord[];
  }
  const packet: {
    encode(message: OtherMessage): Buffer;
    decode(octets: Buffer): OtherMessage;
    readonly AUTHORITATIVE_ANSWER: number;
  };
  export default packet;
}
