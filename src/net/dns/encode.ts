import { addressBytes } from '../../model/address.ts';
import { HEADER_LENGTH } from './codes.ts';
import type { Header, Message, RecordData, ResourceRecord } from './message.ts';
import { labelOctets, labelsOf, nameOctets, type WireName } from './names.ts';

/** Pointers have 14 bits (RFC 1035 section 4.1.4). */
const POINTER_LIMIT = 0x4000;

/** The longest message there is: TCP gives its length in two octets. */
export const LONGEST_MESSAGE = 0xffff;

/**
 * Writes a message, names compressed where RFC 1035 allows it. Compression respects case, so a question comes back as asked.
 * The result may be longer than any transport takes; the caller looks. @throws TypeError for a name that is none.
 */
export function encodeMessage(message: Message): Uint8Array {
  const writer = new Writer();
  writer.uint16(message.id);
  writer.uint16(flagsOf(message));
  writer.uint16(message.questions.length);
  writer.uint16(message.answers.length);
  writer.uint16(message.authorities.length);
  writer.uint16(message.additionals.length);
  for (const question of message.questions) {
    writer.name(question.name);
    writer.uint16(question.type);
    writer.uint16(question.class);
  }
  for (const section of [message.answers, message.authorities, message.additionals]) {
    for (const record of section) writeRecord(writer, record);
  }
  return writer.finish();
}

function flagsOf(header: Header): number {
  const bits: ReadonlyArray<readonly [boolean, number]> = [
    [header.response, 0x8000],
    [header.authoritative, 0x0400],
    [header.truncated, 0x0200],
    [header.recursionDesired, 0x0100],
    [header.recursionAvailable, 0x0080],
    [header.authenticData, 0x0020],
    [header.checkingDisabled, 0x0010],
  ];
  const set = bits.reduce((sum, [on, bit]) => (on ? sum | bit : sum), 0);
  return set | ((header.opcode & 0x0f) << 11) | (header.rcode & 0x0f);
}

function writeRecord(writer: Writer, record: ResourceRecord): void {
  writer.name(record.name);
  writer.uint16(record.type);
  writer.uint16(record.class);
  writer.uint32(record.ttl);
  const lengthAt = writer.length;
  writer.uint16(0);
  writeData(writer, record.data);
  writer.patchUint16(lengthAt, writer.length - lengthAt - 2);
}

function writeData(writer: Writer, data: RecordData): void {
  switch (data.kind) {
    case 'address':
      writer.octets(addressBytes(data.address));
      break;
    case 'name':
      // Uncompressed: correct for NS, CNAME and PTR, and demanded for DNAME (RFC 6672 section 2.5).
      writer.octets(nameOctets(data.name));
      break;
    case 'soa':
      writer.name(data.primary);
      writer.name(data.mailbox);
      for (const value of [data.serial, data.refresh, data.retry, data.expire, data.minimum]) {
        writer.uint32(value);
      }
      break;
    case 'opaque':
      writer.octets(data.octets);
      break;
  }
}

class Writer {
  #buffer = new Uint8Array(512);
  #view = new DataView(this.#buffer.buffer);
  readonly #seen = new Map<string, number>();
  length = 0;

  uint16(value: number): void {
    this.#reserve(2);
    this.#view.setUint16(this.length, value);
    this.length += 2;
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.length, value);
    this.length += 4;
  }

  octets(octets: Uint8Array): void {
    this.#reserve(octets.length);
    this.#buffer.set(octets, this.length);
    this.length += octets.length;
  }

  patchUint16(offset: number, value: number): void {
    if (value > LONGEST_MESSAGE) throw new TypeError(`record content of ${value} octets`);
    this.#view.setUint16(offset, value);
  }

  name(name: WireName): void {
    this.#reserve(nameOctets(name).length);
    const labels = labelsOf(name);
    for (const [index, label] of labels.entries()) {
      const suffix = labels.slice(index).join('.');
      const known = this.#seen.get(suffix);
      if (known !== undefined) {
        this.uint16(0xc000 | known);
        return;
      }
      if (this.length < POINTER_LIMIT) this.#seen.set(suffix, this.length);
      const octets = labelOctets(label);
      this.octets(Uint8Array.of(octets.length));
      this.octets(octets);
    }
    this.octets(Uint8Array.of(0));
  }

  finish(): Uint8Array {
    return this.#buffer.slice(0, Math.max(this.length, HEADER_LENGTH));
  }

  #reserve(count: number): void {
    if (this.length + count <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(this.#buffer.length * 2, this.length + count));
    grown.set(this.#buffer);
    this.#buffer = grown;
    this.#view = new DataView(grown.buffer);
  }
}
