import type { Socket } from 'node:net';
import { SILENCE } from '../judge.ts';
import { type Answer, agree, type Script, text } from './provider.ts';

/** Every way in which a provider answers wrongly, each a script that the provider obeys until it is given another one. */

const refuse =
  (said: string, octets: string, more: Partial<Answer> = {}): Script =>
  () => ({ said, taken: false, play: (socket) => void socket.write(octets), ...more });

/** A return code of dyndns2, with 200 as the protocol has it. */
export const word = (said: string): Script => refuse(said, text(`${said}\n`));

/** A status without any words of the protocol. */
export const status = (line: string, headers: readonly string[] = [], wait?: number): Script =>
  refuse(`HTTP ${line.slice(0, 3)}`, text('no\n', line, headers), wait === undefined ? {} : { wait });

/** A page of somebody who is not the provider. */
export const page: Script = refuse(
  'a page',
  text('<!doctype html><html><body>good 198.51.100.1</body></html>', '200 OK', ['content-type: text/html']),
);

/** What the client cannot make out, while the provider has carried it out. */
const unclear =
  (play: (socket: Socket, good: string) => void): Script =>
  (asked) => ({ said: SILENCE, taken: true, play: (socket) => play(socket, text(`good ${asked.join()}\n`)) });

export const empty: Script = refuse('nothing', text(''));

/** Half of `good 198.51.100.1` reads like a whole answer but for its length: the connection ends in its middle. */
export const halfBody = unclear((socket, good) => socket.end(good.slice(0, -8)));

/** The length counts less than there is: what is read is cut and looks whole. */
export const shortLength = unclear(
  (socket, good) => void socket.write(good.replace(/content-length: \d+/, 'content-length: 6')),
);

export const longLength = unclear((socket, good) =>
  socket.end(good.replace(/content-length: \d+/, 'content-length: 9999')),
);

export const negativeLength = unclear((socket, good) =>
  socket.end(good.replace(/content-length: \d+/, 'content-length: -1')),
);

export const twoLengths = unclear((socket, good) =>
  socket.end(good.replace(/content-length: (\d+)/, 'content-length: $1\r\ncontent-length: 3')),
);

/** The right words under a type that says something else: the words count, as with every server of this kind. */
export const wrongType: Script = (asked, standing) => ({
  ...agree(asked, standing),
  play: (socket) => void socket.write(text(`good ${asked.join()}\n`).replace('text/plain', 'image/png')),
});

export const noHttp = unclear((socket) => socket.end('220 mail.example.net ESMTP\r\n'));

export const hangBeforeHeaders = unclear(() => {});

export const hangAfterHeaders = unclear(
  (socket, good) => void socket.write(good.slice(0, good.indexOf('\r\n\r\n') + 4)),
);

export const reset = unclear((socket) => socket.resetAndDestroy());

/** One octet every 50 ms: about 5 s for the whole answer, every one of them alive. */
export const slowOctets = unclear((socket, good) => {
  let sent = 0;
  const timer = setInterval(() => {
    if (sent >= good.length || socket.destroyed) return clearInterval(timer);
    socket.write(good.charAt(sent));
    sent += 1;
  }, 50);
});

export const HUNDRED_MEGABYTES = 100 * 1_048_576;

/** Says how long it is, and goes on as long as somebody reads. `taken` octets are told to the listener. */
export const hundredMegabytes = (announced: boolean, onWritten: (octets: number) => void): Script =>
  unclear((socket) => {
    const chunk = Buffer.alloc(65_536, 'good 198.51.100.1 ');
    const length = announced ? `content-length: ${HUNDRED_MEGABYTES}` : 'connection: close';
    socket.write(`HTTP/1.1 200 OK\r\n${length}\r\n\r\n`);
    let sent = 0;
    const pump = (): void => {
      while (sent < HUNDRED_MEGABYTES && !socket.destroyed) {
        sent += chunk.length;
        onWritten(sent);
        if (!socket.write(chunk)) return void socket.once('drain', pump);
      }
      socket.end();
    };
    pump();
  });
