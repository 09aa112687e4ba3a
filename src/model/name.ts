/** A fully qualified domain name: lower case, A-labels, no final dot. `*.example.org` is one too. */
export type Fqdn = string & { readonly __brand: 'Fqdn' };

// Underscores stand in real names (_acme-challenge); a leading `*` label is a wildcard (RFC 4592).
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;

/** Reads a name: at most 253 characters, labels of 1 to 63 (RFC 1035 section 2.3.4); Unicode is turned to A-labels. */
export function parseName(text: string): Fqdn | undefined {
  const wildcard = text.startsWith('*.');
  const bare = (wildcard ? text.slice(2) : text).replace(/\.$/, '').toLowerCase();
  const ascii = /^[\x20-\x7e]*$/.test(bare) ? bare : toAscii(bare);
  if (ascii === undefined || ascii.length === 0 || ascii.length > (wildcard ? 251 : 253)) return undefined;
  if (!ascii.split('.').every((label) => LABEL.test(label))) return undefined;
  return (wildcard ? `*.${ascii}` : ascii) as Fqdn;
}

// Whatever else of ASCII stands there would be read as a part of the URL, or, as line breaks are, be left out of it.
const NO_HOST = /[^a-z0-9._\u0080-\u{10ffff}-]/u;
/** A host that ends in a number is an IPv4 address to the URL parser, which writes it out: `\uff11.\uff12` becomes 1.0.0.2. */
const NUMBER_LAST = /(?:^|\.)\d+$/;

function toAscii(text: string): string | undefined {
  if (NO_HOST.test(text)) return undefined;
  try {
    const { hostname } = new URL(`http://${text}`);
    return NUMBER_LAST.test(hostname) ? undefined : hostname;
  } catch {
    return undefined;
  }
}

/** Reads a name the program itself wrote or that a test gives. @throws TypeError if it is none. */
export function fqdn(text: string): Fqdn {
  const name = parseName(text);
  if (name === undefined) throw new TypeError(`not a domain name: ${text}`);
  return name;
}

/** True if `name` is `zone` or lies below it. */
export function isWithin(name: Fqdn, zone: Fqdn): boolean {
  return name === zone || name.endsWith(`.${zone}`);
}

/** `www` for www.example.org in example.org; `@` for the apex. @throws RangeError if the name is not in the zone. */
export function relativeName(name: Fqdn, zone: Fqdn): string {
  if (name === zone) return '@';
  if (!isWithin(name, zone)) throw new RangeError(`${name} is not in zone ${zone}`);
  return name.slice(0, -zone.length - 1);
}

/** The inverse of `relativeName`: `@` and the empty text are the apex. */
export function absoluteName(relative: string, zone: Fqdn): Fqdn {
  return relative === '@' || relative === '' ? zone : fqdn(`${relative}.${zone}`);
}

/** The names a zone of this name could have, longest first: a.b.org, b.org, org. */
export function zoneCandidates(name: Fqdn): readonly Fqdn[] {
  const labels = name.replace(/^\*\./, '').split('.');
  return labels.map((_, index) => labels.slice(index).join('.') as Fqdn);
}
