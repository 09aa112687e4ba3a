/** A message with its length before it, as TCP carries it (RFC 1035 section 4.2.2); one write, so one segment (RFC 7766 section 8). */
export function frame(message: Uint8Array): Uint8Array {
  const framed = new Uint8Array(message.length + 2);
  new DataView(framed.buffer).setUint16(0, message.length);
  framed.set(message, 2);
  return framed;
}

/**
 * Cuts a TCP stream into messages, however it arrives in chunks. Holds at most one unfinished message of 65,535 octets, and copies
 * each octet once or twice, so a stream of single octets costs no more than linear time.
 */
export class Deframer {
  #length: number | undefined;
  #chunks: Uint8Array[] = [];
  #held = 0;

  /** The messages completed by this chunk, in order; empty ones included. */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    const messages: Uint8Array[] = [];
    for (;;) {
      if (this.#length === undefined) {
        if (this.#held < 2) return messages;
        const head = this.#take(2);
        this.#length = ((head[0] ?? 0) << 8) | (head[1] ?? 0);
      }
      if (this.#held < this.#length) return messages;
      messages.push(this.#take(this.#length));
      this.#length = undefined;
    }
  }

  #take(count: number): Uint8Array {
    const first = this.#chunks[0];
    const joined = this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks);
    const rest = joined.subarray(count);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#held = rest.length;
    return Uint8Array.from(joined.subarray(0, count));
  }
}
