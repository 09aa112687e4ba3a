/** Characters of one line that are kept. The longest line `ip -o monitor` writes is a few hundred. */
const LONGEST = 4_096;

/**
 * Cuts a stream of text chunks into lines; LF and CRLF both end one. Holds at most `longest` characters: of a line that does not end, the head is
 * given out once and the rest dropped up to its end.
 */
export function lineSplitter(longest = LONGEST): (chunk: string) => readonly string[] {
  let pending = '';
  let dropping = false;
  return (chunk) => {
    const parts = chunk.split('\n');
    const tail = parts.pop() ?? '';
    const lines: string[] = [];
    for (const part of parts) {
      const line = pending + part;
      pending = '';
      if (!dropping) lines.push(line.slice(0, longest).replace(/\r$/, ''));
      dropping = false;
    }
    if (dropping) return lines;
    pending += tail;
    if (pending.length > longest) {
      lines.push(pending.slice(0, longest));
      pending = '';
      dropping = true;
    }
    return lines;
  };
}

/** Makes foreign text fit for a log line. */
export function tidy(text: string, longest = 120): string {
  // The last ones turn the direction of text.
  const clean = text.replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069\s]+/gu, ' ').trim();
  return clean.length > longest ? `${clean.slice(0, longest - 1)}…` : clean;
}
