import { escapeXml, readXml, type XmlElement } from '../../net/xml.ts';
import type { Codec } from '../rest/codec.ts';

/** Elements that hold a list, however many are in it. */
const LISTS: ReadonlySet<string> = new Set([
  'HostedZones',
  'ResourceRecordSets',
  'ResourceRecords',
  'Messages',
]);

/** An element as JSON would have it: text, an object of its children by name, or a list. */
function plain({ name, text, children }: XmlElement): unknown {
  if (LISTS.has(name)) return children.map(plain);
  if (children.length === 0) return text.trim();
  return Object.fromEntries(children.map((child) => [child.name, plain(child)]));
}

/** The root's name stays, for it tells an answer from an error. */
export const route53Codec: Codec = {
  writes: 'text/xml',
  encode: (body) => body as string,
  accept: 'text/xml',
  reads: (type) => /^(?:text|application)\/xml\b/i.test(type),
  decode: (text) => {
    const root = readXml(text);
    return { [root.name]: plain(root) };
  },
};

const tag = (name: string, content: string): string => `<${name}>${content}</${name}>`;

/** A record set as Route 53 takes and gives it. */
export interface RecordSet {
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly values: readonly string[];
}

export interface SetChange {
  readonly action: 'CREATE' | 'UPSERT' | 'DELETE';
  readonly set: RecordSet;
}

/** https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html */
export function changeBatch(changes: readonly SetChange[]): string {
  const all = changes.map(({ action, set: { name, type, ttl, values } }) => {
    const records = values.map((value) => tag('ResourceRecord', tag('Value', escapeXml(value))));
    const fields = [
      tag('Name', escapeXml(`${name}.`)),
      tag('Type', escapeXml(type)),
      tag('TTL', String(ttl)),
      tag('ResourceRecords', records.join('')),
    ];
    return tag('Change', tag('Action', action) + tag('ResourceRecordSet', fields.join('')));
  });
  const body = tag('ChangeBatch', tag('Changes', all.join('')));
  return `<?xml version="1.0" encoding="UTF-8"?><ChangeResourceRecordSetsRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/">${body}</ChangeResourceRecordSetsRequest>`;
}

/** Route 53 writes all but letters, digits, `-`, `_` and `.` of a name as octal `\ooo`: a wildcard comes as `\052`. */
export function plainName(name: string): string {
  return name
    .replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
    .replace(/\.$/, '')
    .toLowerCase();
}
