import { withoutPrefix } from './answers.ts';
import { Unusable } from './contract.ts';

/** What Hetzner's network configuration says of one network card. */
export interface Card {
  readonly mac?: string;
  /** Of its subnets, without prefix lengths, as they are written. */
  readonly addresses: readonly string[];
}

/** A line of block YAML: how far it is indented, whether it begins an entry of a list, and its key and plain value if it has them. */
interface Line {
  readonly indent: number;
  readonly dash: boolean;
  readonly key?: string;
  readonly value?: string;
}

/**
 * Reads the cards in `network-config: { config: [...] }` out of a whole metadata document, line by line: key and value on one line, lists
 * by dashes, which is all of YAML that the service writes. The document comes over plain HTTP, so that whoever holds the network could
 * send it, and a parser of all of YAML can be brought down by a few hundred brackets. Costs linear time. @throws Unusable
 */
export function readNetworkConfig(document: string): readonly Card[] {
  const lines = below(document.split(/\r?\n/), 'network-config');
  const [first, ...rest] = lines.flatMap((text) => parseLine(text) ?? []);
  if (first === undefined) throw new Unusable('the answer has no network-config');
  if (first.key !== 'config' || first.value !== '') throw new Unusable('config is not a list');
  const listed = rest[0];
  // An entry of a list may stand right below its key, or further in.
  if (listed === undefined || listed.indent < first.indent) return [];
  if (!listed.dash) {
    if (listed.indent === first.indent) return [];
    throw new Unusable('config is not a list');
  }
  const groups: Line[][] = [];
  for (const line of rest) {
    if (line.indent < listed.indent || (line.indent === listed.indent && !line.dash)) break;
    if (line.indent === listed.indent) groups.push([]);
    groups.at(-1)?.push(line);
  }
  return groups.map(readCard);
}

/** The lines that belong to a key of the whole document. */
function below(lines: readonly string[], key: string): readonly string[] {
  const begin = lines.findIndex((line) => line.trimEnd() === `${key}:`);
  if (begin < 0) return [];
  const rest = lines.slice(begin + 1);
  const end = rest.findIndex((line) => /^[^\s#-]/.test(line));
  return end < 0 ? rest : rest.slice(0, end);
}

function readCard(lines: readonly Line[]): Card {
  const mac = lines.find(({ key }) => key === 'mac_address')?.value;
  const start = lines.findIndex(({ key, value }) => key === 'subnets' && value === '');
  const addresses: string[] = [];
  // An entry that begins with the key itself has it two octets further in than its dash.
  const depth = (lines[start]?.indent ?? 0) + (lines[start]?.dash === true ? 2 : 0);
  for (const { indent, dash, key, value } of start < 0 ? [] : lines.slice(start + 1)) {
    if (indent < depth || (indent === depth && !dash)) break;
    if (key === 'address' && value !== undefined && value !== '') addresses.push(withoutPrefix(value));
  }
  return { ...(mac === undefined || mac === '' ? {} : { mac }), addresses };
}

function parseLine(text: string): Line | undefined {
  const [, space = '', dash = '', words = ''] = /^( *)(- *)?(.*)$/.exec(text) ?? [];
  if (words === '' || words.startsWith('#')) return undefined;
  const line = { indent: space.length, dash: dash !== '' };
  const colon = words.indexOf(':');
  const key = colon < 0 ? '' : words.slice(0, colon);
  const value = words.slice(colon + 1);
  if (!/^[a-z0-9_-]+$/.test(key) || !/^(?: |$)/.test(value)) return line;
  return { ...line, key, value: unquoted(value.trim()) };
}

const unquoted = (text: string): string => /^(["'])(.*)\1$/.exec(text)?.[2] ?? text;
