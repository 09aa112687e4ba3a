/** Everything a template can name. Whoever has nothing to say for one gives `undefined`. */
export const PLACEHOLDERS = [
  'name',
  'type',
  'address',
  'family',
  'addresses',
  'ipv4',
  'ipv6',
  'ttl',
] as const;
export type Placeholder = (typeof PLACEHOLDERS)[number];

export type Value = string | number | readonly string[] | undefined;
export type Values = Readonly<Record<Placeholder, Value>>;

/** How values are written where they land. */
export type Encoding = 'url' | 'json' | 'plain';

// A word in braces. JSON's own braces are followed by a quote, a brace or white space, and so are never taken for one.
const MARK = /\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** The placeholders a template uses, known or not, in order. */
export function namesIn(template: string): readonly string[] {
  return [...template.matchAll(MARK)].map((match) => match[1] ?? '');
}

const isPlaceholder = (name: string): name is Placeholder => PLACEHOLDERS.some((known) => known === name);

/**
 * Fills a template in. In JSON a placeholder inside a text (`"at {address}"`) becomes escaped text, and one that stands by
 * itself (`{"ttl": {ttl}, "all": {addresses}}`) a whole value: text in quotes, number, list, or `null` for what is not there.
 * Everywhere else lists are joined with commas and what is not there is empty.
 */
export function fill(template: string, values: Values, encoding: Encoding): string {
  const inText = encoding === 'json' ? textPositions(template) : undefined;
  return template.replaceAll(MARK, (mark, name: string, offset: number) => {
    if (!isPlaceholder(name)) return mark;
    const value = values[name];
    if (inText?.(offset) === false) return JSON.stringify(value ?? null);
    const text = Array.isArray(value) ? value.join(',') : String(value ?? '');
    if (encoding === 'url') return encodeURIComponent(text);
    return encoding === 'json' ? JSON.stringify(text).slice(1, -1) : text;
  });
}

/** Tells for a place in a JSON template whether it lies inside a text. */
function textPositions(template: string): (offset: number) => boolean {
  const quotes: number[] = [];
  for (let index = 0; index < template.length; index++) {
    if (template[index] === '\\') index++;
    else if (template[index] === '"') quotes.push(index);
  }
  return (offset) => quotes.filter((quote) => quote < offset).length % 2 === 1;
}
