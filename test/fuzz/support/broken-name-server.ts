import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import fc from 'fast-check';
import { decodeMessage } from '../../../src/net/dns/decode.ts';
import { encodeMessage } from '../../../src/net/dns/encode.ts';
import { EMPTY_MESSAGE, type Message } from '../../../src/net/dns/message.ts';

/** What is changed of a proper answer, in its order: octets set, and the rest cut off. */
export interface Damage {
  readonly rcode: number;
  readonly set: readonly (readonly [number, number])[];
  readonly cut: number;
}

export const damage: fc.Arbitrary<Damage> = fc.record({
  rcode: fc.oneof(fc.constant(0), fc.nat({ max: 15 })),
  set: fc.array(fc.tuple(fc.nat({ max: 120 }), fc.nat({ max: 255 })), { maxLength: 3 }),
  cut: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat({ max: 60 })),
});

/** What a proper answer says beside id, opcode and question. */
export type Answers = (asked: Message) => Partial<Message>;

/** A server over UDP that answers everything as it should, and then breaks the answer. */
export class BrokenNameServer {
  readonly #answers: Answers;
  readonly #socket: Socket = createSocket('udp4');
  #damages: readonly Damage[] = [];
  #turn = 0;
  #port: Promise<number> | undefined;

  constructor(answers: Answers) {
    this.#answers = answers;
  }

  get port(): Promise<number> {
    this.#port ??= this.#open();
    return this.#port;
  }

  /** From here on the answers are broken in these ways, one after the other and round again. */
  begin(damages: readonly Damage[]): void {
    this.#damages = damages;
    this.#turn = 0;
  }

  async #open(): Promise<number> {
    this.#socket.on('message', (octets, { port }) => {
      const answer = this.#answerTo(octets);
      if (answer !== undefined) this.#socket.send(answer, port, '127.0.0.1');
    });
    this.#socket.bind(0, '127.0.0.1');
    await once(this.#socket, 'listening');
    this.#socket.unref();
    return this.#socket.address().port;
  }

  #answerTo(octets: Uint8Array): Uint8Array | undefined {
    const asked = decodeMessage(octets)?.message;
    if (asked === undefined) return undefined;
    const { rcode, set, cut } = this.#damages[this.#turn % this.#damages.length] ?? {
      rcode: 0,
      set: [],
      cut: 0,
    };
    this.#turn += 1;
    const answer = encodeMessage({
      ...EMPTY_MESSAGE,
      id: asked.id,
      opcode: asked.opcode,
      response: true,
      authoritative: true,
      rcode,
      questions: asked.questions,
      ...this.#answers(asked),
    });
    for (const [at, octet] of set) if (at < answer.length) answer[at] = octet;
    return answer.subarray(0, answer.length - Math.min(cut, answer.length));
  }
}
