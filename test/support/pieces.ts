const PIECE = 12;

/**
 * Every 12 characters of a secret that a text shows: as they are, with other white space, or in base64. The frame of a PEM text is no
 * secret. One piece is enough to tell that something leaks, so the list ends with the first.
 */
export function piecesOf(secret: string, text: string): readonly string[] {
  const flat = (words: string): string => words.replaceAll(/\s+/g, ' ');
  const bare = flat(secret.replaceAll(/-----[A-Z ]+-----/g, ''));
  const views = [flat(text), ...decoded(text)];
  for (let at = 0; at + PIECE <= bare.length; at += 1) {
    const piece = bare.slice(at, at + PIECE);
    if (views.some((view) => view.includes(piece))) return [piece];
  }
  return [];
}

/** Each run of base64 in the text, from each of the four places where a group may begin. */
function decoded(text: string): readonly string[] {
  const runs = text.match(/[A-Za-z0-9+/_-]{16,}/g) ?? [];
  return runs.flatMap((run) =>
    [0, 1, 2, 3].map((from) =>
      Buffer.from(run.slice(from), 'base64').toString('latin1').replaceAll(/\s+/g, ' '),
    ),
  );
}
