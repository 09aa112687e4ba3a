const LEFT_OUT = /\b(?:it|test|describe)(?:\.\w+)*\.(?:skip|todo|only|fails)\b/;
// `runIf` and `skipIf` ask what a sink can do at all; `each` gives the cases.
const WITH = String.raw`(?:\.(?:each|runIf|skipIf)(?:\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)|<(?:[^<>]|<[^<>]*>)*>)*)*`;

/**
 * True if the text of a test file has a test of this title that runs: not only a mention of it, not one in a remark, and not in a file
 * that leaves tests out (`skip`, `todo`, `fails`, or `only` some others).
 */
export function runsTest(text: string, title: string): boolean {
  const code = text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('//'))
    .join(' ')
    .replaceAll(/\s+/g, ' ');
  if (LEFT_OUT.test(code)) return false;
  const literal = title.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(String.raw`\b(?:it|test)${WITH}\( ?['"]${literal}['"]`).test(code);
}
