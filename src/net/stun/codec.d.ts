// The codec files of npm `stun`, imported one by one: its index also loads its client, its server and their dependencies.
declare module 'stun/src/node_modules/lib/create-message.js' {
  interface OutgoingMessage {
    addAddress(address: string, port: number): unknown;
    addXorAddress(address: string, port: number): unknown;
    addAlternateServer(address: string, port: number): unknown;
    addError(code: number, reason?: string): unknown;
    addSoftware(text: string): unknown;
  }
  const exported: { createMessage(type: number, transactionId: Buffer): OutgoingMessage };
  export default exported;
}

declare module 'stun/src/node_modules/message/encode.js' {
  export default function encode(message: object): Buffer;
}

declare module 'stun/src/node_modules/message/decode.js' {
  interface TransportAddress {
    readonly address: string | null;
    readonly port: number;
  }
  interface IncomingMessage {
    getAddress(): TransportAddress | undefined;
    getXorAddress(): TransportAddress | undefined;
    getAlternateServer(): TransportAddress | undefined;
    getError(): { readonly code: number; readonly reason: string } | undefined;
  }
  export default function decode(message: Buffer): IncomingMessage;
}
