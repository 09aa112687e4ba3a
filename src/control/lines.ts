import type { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';

/**
 * Cuts what a socket receives into lines without their newline. `tooLong` is called once, and nothing after it, when a line grows
 * beyond `longest` characters.
 */
export function readLines(
  socket: Socket,
  longest: number,
  line: (text: string) => void,
  tooLong: () => void,
): void {
  const decoder = new StringDecoder('utf8');
  let parts: string[] = [];
  let length = 0;
  let over = false;
  socket.on('data', (octets) => {
    const pieces = (typeof octets === 'string' ? octets : decoder.write(octets)).split('\n');
    for (const [index, piece] of pieces.entries()) {
      if (over) return;
      parts.push(piece);
      length += piece.length;
      if (length > longest) {
        over = true;
        parts = [];
        tooLong();
        return;
      }
      if (index === pieces.length - 1) return;
      const text = parts.join('');
      parts = [];
      length = 0;
      line(text);
    }
  });
}
