/** What a template can name. */
export const PLACEHOLDERS = [
  'name',
  'names',
  'host',
  'hosts',
  'zone',
  'ipv4',
  'ipv6',
  'address',
  'addresses',
  'username',
  'password',
  'token',
] as const;
export type Placeholder = (typeof PLACEHOLDERS)[number];

/** Whoever has nothing to say for one leaves it out. */
export type Values = Readonly<Partial<Record<Placeholder, string | undefined>>>;

const MARK = /\{([^{}]*)\}/g;

export const isPlaceholder = (name: string): name is Placeholder =>
  PLACEHOLDERS.some((known) => known === name);

/** Everything in braces, known or not, in order. */
export const namesIn = (template: string): readonly string[] =>
  [...template.matchAll(MARK)].map((found) => found[1] ?? '');

/** How a value is written where it lands, so that it cannot end its place. */
export type Encode = (value: string, name: Placeholder) => string;

/** The template filled in; `undefined` if it names something that has no value now. Values are not searched for placeholders. */
export function fill(template: string, values: Values, encode: Encode): string | undefined {
  let complete = true;
  const text = template.replaceAll(MARK, (mark, name: string) => {
    const value = isPlaceholder(name) ? values[name] : undefined;
    if (value === undefined) complete = false;
    return value === undefined || !isPlaceholder(name) ? mark : encode(value, name);
  });
  return complete ? text : undefined;
}

const SECRET: ReadonlySet<Placeholder> = new Set(['username', 'password', 'token']);

/**
 * For path and query. All but letters, digits and `-_.!~*'()` is percent-encoded; in lists of names and addresses comma and colon stay, as
 * the services show them in their examples (RFC 3986 section 3.4 allows both).
 */
export const forUrl: Encode = (value, name) => {
  // Half a character outside the basic plane has no UTF-8 form at all.
  const encoded = encodeURIComponent(value.replaceAll(/\p{Surrogate}/gu, '\ufffd'));
  return SECRET.has(name) ? encoded : encoded.replaceAll('%2C', ',').replaceAll('%3A', ':');
};

/** For headers and Basic credentials, whose values were checked when the configuration was read. */
export const plain: Encode = (value) => value;
