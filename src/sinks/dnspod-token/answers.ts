import * as z from 'zod';
import { type Codec, formCodec } from '../rest/codec.ts';

const text = z.string();
// Numbers come as text in some answers and as numbers in others.
const id = z.union([text, z.number()]).transform(String);
const number = z.coerce.number().int();
export const success = { status: z.object({ code: z.literal('1') }) };
export const domain = z.object({ id, name: text, punycode: text.optional() });
export const domainPage = z.object({
  ...success,
  info: z.object({ domain_total: number }),
  domains: z.array(domain),
});
const record = z.object({
  id,
  name: text,
  type: text,
  value: text,
  ttl: number,
  line: text,
  line_id: id.optional(),
  mx: id.nullish(),
  weight: number.nullish(),
  enabled: id.optional(),
});
export type Found = z.output<typeof record>;
export const recordPage = z.object({
  ...success,
  info: z.object({ record_total: number }),
  records: z.array(record),
});
export const done = z.object(success);
export const refusal = z.object({ status: z.object({ code: id, message: text }) });
const anyAnswer = z.object({ status: z.object({ code: id }) });

/** All of its JSON was seen to come as `text/html`; what has no status with a code is a page of somebody else. */
export const codec: Codec = {
  ...formCodec,
  reads: (type) => formCodec.reads(type) || /^text\/html\b/i.test(type),
  decode: (body) => {
    const decoded = formCodec.decode(body);
    anyAnswer.parse(decoded);
    return decoded;
  },
};
