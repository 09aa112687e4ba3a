import * as z from 'zod';

const text = z.string();
const domain = z.object({ DomainId: z.int().transform(String), Name: text, Punycode: text.optional() });
export const domainPage = z.object({
  Response: z.object({ DomainCountInfo: z.object({ DomainTotal: z.int() }), DomainList: z.array(domain) }),
});
export const oneDomain = z.object({
  Response: z.object({
    DomainInfo: z.object({ DomainId: z.int().transform(String), Domain: text, Punycode: text.optional() }),
  }),
});
const record = z.object({
  RecordId: z.int().transform(String),
  Name: text,
  Type: text,
  Value: text,
  TTL: z.int(),
  Line: text,
  LineId: text,
  Status: text.default('ENABLE'),
});
export const recordPage = z.object({
  Response: z.object({ RecordCountInfo: z.object({ TotalCount: z.int() }), RecordList: z.array(record) }),
});
export const done = z.object({
  Response: z.object({ RecordId: z.int().optional(), RequestId: text }),
});
export const problem = z.object({ Response: z.object({ Error: z.object({ Code: text, Message: text }) }) });
