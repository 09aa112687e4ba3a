/** Stands where a text was cut, and nowhere else: who looks for secrets knows by it that one may have lost its end there. */
export const CUT = '…';

// C0, DEL and C1 controls, and the invisible characters that turn the direction of text (Unicode UAX #9).
const CONTROLS = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu;

/** A text on one line: control characters and every run of white space become one space. */
export function oneLine(text: string): string {
  return text.replaceAll(CONTROLS, ' ').replaceAll(/\s+/g, ' ').trim();
}

/** At most `longest` code points, so that no character outside the basic plane is cut in half. */
export function shortened(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const characters = [...text];
  return characters.length <= longest ? text : `${characters.slice(0, longest - 1).join('')}${CUT}`;
}
