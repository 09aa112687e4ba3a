import { oneLine } from './words.ts';

/** Shorter ones stand by chance in ordinary words; masking those would tell more than it hides. */
export const SHORTEST_SECRET = 4;

/** A line of a longer secret that is shorter than this (a brace, `-----`) is no secret by itself. */
const SHORTEST_LINE = 8;

/** The shapes in which programs, providers and libraries hand a secret back. */
export interface SecretForms {
  readonly plain: readonly string[];
  /** Parts of a base64 text; what stands around them belongs to the same text. */
  readonly encoded: readonly string[];
}

/** All shapes of one secret: whole, on one line as messages have it, and each line of several by itself, as a program's last words may. */
export function formsOf(secret: string): SecretForms {
  const lines = secret
    .split(/[\r\n]+/)
    .map(oneLine)
    .filter((line) => line.length >= SHORTEST_LINE);
  const texts = [secret, oneLine(secret), ...lines];
  return { plain: unique(texts.flatMap(plainForms)), encoded: unique(base64Forms(secret)) };
}

const unique = (forms: readonly string[]): readonly string[] =>
  [...new Set(forms)].filter((form) => form.length >= SHORTEST_SECRET);

/** As it is, inside JSON (and JSON inside JSON), and percent-encoded as the several parts of a URL and of a form are. */
function plainForms(secret: string): readonly string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const forms = [secret, json, JSON.stringify(json).slice(1, -1), ...urlForms(secret)];
  const lowerHex = (text: string): string => text.replace(/%[0-9A-F]{2}/g, (octet) => octet.toLowerCase());
  return [...forms, ...forms.map(lowerHex)];
}

function urlForms(secret: string): readonly string[] {
  const url = new URL('https://host.invalid/');
  url.password = secret;
  url.pathname = `/${secret}`;
  url.search = `?${secret}`;
  // Through UTF-8 and back, because encodeURIComponent throws on half a surrogate pair.
  const component = encodeURIComponent(new TextDecoder().decode(new TextEncoder().encode(secret)));
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
  const octets = [...new TextEncoder().encode(secret)].map((octet) => String.fromCharCode(octet)).join('');
  const forms: string[] = [];
  for (const [before, edge] of [
    [0, 0],
    [1, 2],
    [2, 3],
  ] as const) {
    const bits = (before + octets.length) * 8;
    const core = btoa(`${'\0'.repeat(before)}${octets}`).slice(edge, Math.floor(bits / 6));
    forms.push(core, core.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return forms;
}
