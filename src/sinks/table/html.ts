/** What a return code may be dressed in. Anything else (a head, links, forms, scripts, remarks) makes it a page for people. */
const DRESS = /<\/?(?:html|body|font|br|hr|p|b|i|pre|span|div)\b[^<>]*>/gi;

/**
 * The texts between the tags of a short answer that a service dresses in HTML: all of them together, and the first by itself, since
 * an explanation may follow it. Nothing for a page.
 */
export function textsOf(body: string): readonly string[] {
  const texts = body
    .split(DRESS)
    .map((text) => text.replaceAll(/\s+/g, ' ').trim())
    .filter((text) => text !== '');
  const [first] = texts;
  if (first === undefined || texts.some((text) => /[<>]/.test(text))) return [];
  return [texts.join(' '), first];
}
