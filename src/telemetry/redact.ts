/**
 * The last defence against secrets in what is written: every secret value is registered once, and every line is searched for it in
 * the shapes in which programs, providers and libraries hand it back. The first defence is that nobody puts one there.
 */
export interface Redactor {
  /** Registers a secret value. Shorter than 4 characters it is ignored: replacing those would destroy unrelated text. */
  add(secret: string): void;
  /** Replaces every occurrence by `[secret]`. */
  scrub(text: string): string;
  /** The same for one line of JSON, which stays valid; names and values of `keep` (level, time, event) are never touched. */
  scrubLine(json: string): string;
}

const SHORTEST = 4;
const MARK = '[secret]';
const KEPT: ReadonlySet<string> = new Set(['time', 'level', 'event']);

export function createRedactor(): Redactor {
  const plain = new Set<string>();
  const encoded = new Set<string>();
  let pattern: RegExp | undefined;

  const compile = (): RegExp | undefined => {
    if (plain.size === 0) return undefined;
    // Longest first, so that a secret which begins another one does not leave the other's tail standing.
    const longest = (texts: Set<string>): string =>
      [...texts]
        .sort((a, b) => b.length - a.length)
        .map(escapeRegExp)
        .join('|');
    return new RegExp(encoded.size === 0 ? longest(plain) : `${longest(plain)}|(${longest(encoded)})`, 'g');
  };

  const scrub = (text: string): string => {
    if (pattern === undefined) return text;
    pattern.lastIndex = 0;
    let result = '';
    let from = 0;
    for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
      let start = match.index;
      let end = start + match[0].length;
      if (match[1] !== undefined) {
        // Part of a base64 text: the whole run goes, or the user name and the secret's own edges would be left.
        while (start > from && isBase64(text.charCodeAt(start - 1))) start -= 1;
        while (end < text.length && isBase64(text.charCodeAt(end))) end += 1;
      }
      result += text.slice(from, start) + MARK;
      from = end;
      pattern.lastIndex = end;
    }
    return from === 0 ? text : result + text.slice(from);
  };

  const scrubValue = (value: unknown, depth: number): unknown => {
    if (typeof value === 'string') return scrub(value);
    if (typeof value === 'number') return scrub(String(value)) === String(value) ? value : MARK;
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((item) => scrubValue(item, depth + 1));
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) =>
        depth === 0 && KEPT.has(name)
          ? [name, item]
          : [depth === 0 ? name : scrub(name), scrubValue(item, depth + 1)],
      ),
    );
  };

  return {
    add(secret) {
      if (secret.length < SHORTEST || plain.has(secret)) return;
      for (const form of plainForms(secret)) plain.add(form);
      for (const form of base64Forms(secret)) encoded.add(form);
      pattern = compile();
    },
    scrub,
    scrubLine(json) {
      if (scrub(json) === json) return json;
      try {
        return JSON.stringify(scrubValue(JSON.parse(json), 0));
      } catch {
        return scrub(json);
      }
    },
  };
}

/** As it is, inside JSON (and JSON inside JSON), and percent-encoded as the several parts of a URL and of a form are. */
function plainForms(secret: string): readonly string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const forms = [secret, json, JSON.stringify(json).slice(1, -1), ...urlForms(secret)];
  const lowerHex = (text: string): string => text.replace(/%[0-9A-F]{2}/g, (octet) => octet.toLowerCase());
  return [...new Set([...forms, ...forms.map(lowerHex)])].filter((form) => form.length >= SHORTEST);
}

function urlForms(secret: string): readonly string[] {
  const url = new URL('https://host.invalid/');
  url.password = secret;
  url.pathname = `/${secret}`;
  url.search = `?${secret}`;
  // Through UTF-8 and back, because encodeURIComponent throws on half a surrogate pair.
  const component = encodeURIComponent(Buffer.from(secret, 'utf8').toString('utf8'));
  return [
    component,
    component.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`),
    new URLSearchParams([['', secret]]).toString().slice(1),
    url.password,
    url.pathname.slice(1),
    url.search.slice(1),
  ];
}

/**
 * The characters which base64 of any text that contains the secret must show: three sets, for the three ways its first octet can
 * fall on a group of three. The edge characters that also depend on the neighbours are left out. So `user:secret` is found for any user.
 */
function base64Forms(secret: string): readonly string[] {
  const bytes = Buffer.from(secret, 'utf8');
  const forms: string[] = [];
  for (const [before, edge] of [
    [0, 0],
    [1, 2],
    [2, 3],
  ] as const) {
    const bits = (before + bytes.length) * 8;
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const core = text.slice(edge, Math.floor(bits / 6));
    if (core.length >= SHORTEST) forms.push(core, core.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return forms;
}

function isBase64(code: number): boolean {
  const character = String.fromCharCode(code);
  return /[A-Za-z0-9+/_=-]/.test(character);
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
