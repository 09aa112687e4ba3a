import { addressFromBytes, type IpAddress } from '../../model/address.ts';

/** Where a gateway answers NAT-PMP and PCP, and where hosts hear its multicasts (RFC 6886 section 3, RFC 6887 section 19). */
export const GATEWAY_PORT = 5351;
export const NOTICE_PORT = 5350;

/** What a gateway says in NAT-PMP (version 0), asked or of its own accord: both look the same. */
export type NatPmpMessage =
  | {
      readonly kind: 'address';
      /** `undefined` if the gateway has none at the moment (it then says 0.0.0.0). */
      readonly address: IpAddress | undefined;
      /** Seconds since the gateway's table of mappings was made (RFC 6886 section 3.6). */
      readonly epoch: number;
    }
  | { readonly kind: 'refused'; readonly result: number; readonly epoch: number | undefined };

const PUBLIC_ADDRESS = 128;

/** Asks for the outside address: version 0, opcode 0, nothing else (RFC 6886 section 3.2). It changes nothing at the gateway. */
export const encodeAddressRequest = (): Uint8Array => Uint8Array.of(0, 0);

/** Reads an answer to `encodeAddressRequest`, or its multicast twin; `undefined` for everything else. Never throws. */
export function decodeNatPmp(datagram: Uint8Array): NatPmpMessage | undefined {
  if (datagram.length < 4 || datagram[0] !== 0 || datagram[1] !== PUBLIC_ADDRESS) return undefined;
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  const result = view.getUint16(2);
  const epoch = datagram.length >= 8 ? view.getUint32(4) : undefined;
  if (result !== 0) return { kind: 'refused', result, epoch };
  // Exactly 12 octets (section 3.2); some gateways pad, so more is let pass.
  if (datagram.length < 12 || epoch === undefined) return undefined;
  const address = addressFromBytes(datagram.subarray(8, 12));
  return { kind: 'address', address: address === '0.0.0.0' ? undefined : address, epoch };
}

/** RFC 6886 section 3.5, in words for a message. */
export function natPmpResult(result: number): string {
  switch (result) {
    case 1:
      return 'it does not speak this version';
    case 2:
      return 'not permitted: the function may be switched off at the router';
    case 3:
      return 'the router has no outside address yet';
    case 4:
      return 'the router is out of resources';
    case 5:
      return 'it does not know this request';
    default:
      return `result code ${result}`;
  }
}
