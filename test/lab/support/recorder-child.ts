// The recording server as a process of its own, started inside a namespace by `recorder.ts`. One JSON object a line: on stdout
// `{ port }` once and then each request; on stdin each line is a new `Reply`, acknowledged by `{ reply }`.
import { createInterface } from 'node:readline';
import { RecordingServer, type RecordingServerOptions } from './recording-server.ts';

const say = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

const options = JSON.parse(process.argv[2] ?? '{}') as Omit<RecordingServerOptions, 'onRequest'>;
const server = await RecordingServer.start({ ...options, onRequest: (request) => say({ request }) });
say({ port: server.port });

createInterface({ input: process.stdin })
  .on('line', (line) => {
    server.reply = JSON.parse(line);
    say({ reply: server.reply });
  })
  // The test that started it is gone.
  .on('close', () => process.exit(0));
