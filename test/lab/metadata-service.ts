import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Lab } from './support/lab.ts';
import type { Namespace } from './support/namespace.ts';
import type { PlainNetwork } from './support/networks.ts';
import type { LabProcess } from './support/process.ts';

/** What the service says to one request. */
export interface Said {
  readonly status?: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Headers the request must carry, with what their values have to match (a regular expression). */
  readonly needs?: Readonly<Record<string, string>>;
  /** The status for a request that does not carry them. */
  readonly refusal?: number;
}

/** `GET /latest/meta-data/mac` → what is said to it; `*` → what is said to all others, which is 404 otherwise. */
export type Answers = Readonly<Record<string, Said>>;

// On stdin one JSON object of answers, again and again; on stdout each request, with the address it was sent to. Without answers it hangs.
const SERVICE = `
const http = require('node:http');
let answers;
require('node:readline').createInterface({ input: process.stdin })
  .on('line', (line) => { answers = JSON.parse(line); console.log('has answers'); })
  .on('close', () => process.exit(0));
http.createServer((request, response) => {
  console.log(request.method + ' ' + request.headers.host + request.url);
  if (answers === undefined) return;
  const say = (status, body = '', headers = {}) => {
    response.writeHead(status, { 'content-type': 'text/plain', ...headers });
    response.end(body);
  };
  // As AWS, Google and others have it: what a proxy passes on is not from this machine.
  if (request.headers['x-forwarded-for']) return say(403, 'Forbidden');
  const said = answers[request.method + ' ' + request.url] ?? answers['*'];
  if (said === undefined) return say(404, '<html>404 - Not Found</html>');
  const lacking = Object.entries(said.needs ?? {})
    .some(([name, form]) => !new RegExp('^(?:' + form + ')$').test(request.headers[name] ?? ''));
  if (lacking) return say(said.refusal ?? 400, 'Bad Request');
  say(said.status ?? 200, said.body, said.headers);
}).listen(80, '::', () => console.log('ready'));
`;

/** A metadata service; it hangs until it is told what to say. */
export class MetadataService {
  readonly process: LabProcess;

  private constructor(process: LabProcess) {
    this.process = process;
  }

  static async start(lab: Lab, outside: Namespace): Promise<MetadataService> {
    const file = path.join(lab.folder('metadata'), 'service.cjs');
    writeFileSync(file, SERVICE);
    const service = new MetadataService(outside.spawn([process.execPath, file]));
    await service.process.line('ready');
    return service;
  }

  /** Resolves when every later request gets these answers. */
  async tell(answers: Answers): Promise<void> {
    const { lines, child } = this.process;
    const after = lines.mark();
    child.stdin?.write(`${JSON.stringify(answers)}\n`);
    await lines.find(({ text }) => text === 'has answers', { after });
  }

  /** `PUT 169.254.169.254/latest/api/token`, in order. */
  get requests(): readonly string[] {
    return this.process.lines.items.map(({ text }) => text).filter((text) => /^[A-Z]+ \S+\//.test(text));
  }
}

/** Puts the endpoint's address on the next host, as the hypervisor does, with a route to it. */
export async function attach({ host, outside }: PlainNetwork, endpoint: string): Promise<void> {
  const six = endpoint.includes(':');
  await outside.addAddress('eth0', `${endpoint}/${six ? 128 : 32}`);
  await host.ip(`${six ? '-6 ' : ''}route add ${endpoint} dev eth0`);
}

/**
 * Starts a program on a machine whose firmware says this: `{ sys_vendor: 'Hetzner' }`. The machine the test runs on may be of a cloud, or
 * have no firmware to be read; neither shows. `ip netns exec` has made the mounts of /sys its own already, so nobody else sees it.
 */
export function firmware(lab: Lab, fields: Readonly<Record<string, string>>): readonly string[] {
  const folder = lab.folder('firmware');
  mkdirSync(path.join(folder, 'net'));
  mkdirSync(path.join(folder, 'dmi', 'id'), { recursive: true });
  for (const [field, text] of Object.entries(fields))
    writeFileSync(path.join(folder, 'dmi', 'id', field), `${text}\n`);
  const script = 'mount --bind /sys/class/net "$0/net" && mount --rbind "$0" /sys/class && exec "$@"';
  return ['sh', '-c', script, folder];
}
