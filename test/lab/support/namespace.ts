import { execFile } from 'node:child_process';
import { LabProcess, type ProcessOptions } from './process.ts';

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. Answers whatever its exit code is. */
export function execute(command: readonly string[], input = ''): Promise<Result> {
  const [file = '', ...words] = command;
  return new Promise((resolve) => {
    const child = execFile(file, words, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 127;
      resolve({ code, stdout, stderr: code === 127 ? `${stderr}${error?.message ?? ''}` : stderr });
    });
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

/** @throws Error with what the program said, unless it ended with 0. */
export async function mustExecute(command: readonly string[], input = ''): Promise<string> {
  const { code, stdout, stderr } = await execute(command, input);
  if (code !== 0)
    throw new Error(`${command.join(' ')} ended with ${code}: ${stderr.trim() || stdout.trim()}`);
  return stdout;
}

const words = (text: string): string[] => text.trim().split(/\s+/);

/** One host of the lab: a network namespace. Made by `Lab.namespace`, deleted by `Lab.close`. */
export class Namespace {
  /** As `ip netns list` shows it. */
  readonly name: string;
  readonly #track: (process: LabProcess) => void;

  constructor(name: string, track: (process: LabProcess) => void) {
    this.name = name;
    this.#track = track;
  }

  /** The command as it has to be started from outside. */
  command(command: readonly string[]): string[] {
    return ['ip', 'netns', 'exec', this.name, ...command];
  }

  /** Starts a program here and returns at once; `Lab.close` kills it. */
  spawn(command: readonly string[], options: ProcessOptions = {}): LabProcess {
    const process = new LabProcess(this.command(command), options);
    this.#track(process);
    return process;
  }

  /** Runs a program here to its end, whatever its exit code. */
  run(command: readonly string[], input = ''): Promise<Result> {
    return execute(this.command(command), input);
  }

  /** `ip` inside the namespace: `host.ip('addr add 192.0.2.1/24 dev eth0')`. @throws Error if it fails. */
  ip(command: string): Promise<string> {
    return mustExecute(['ip', '-n', this.name, ...words(command)]);
  }

  /** Many `ip` commands in one process, as `ip -batch` takes them: thousands a second. @throws Error if one fails. */
  async ipBatch(commands: readonly string[]): Promise<void> {
    await mustExecute(['ip', '-n', this.name, '-batch', '-'], `${commands.join('\n')}\n`);
  }

  /** Adds `192.0.2.1/24` or `2001:db8::1/64`; an IPv6 address is usable at once unless `dad` asks for detection. */
  async addAddress(device: string, address: string, { dad = false }: { dad?: boolean } = {}): Promise<void> {
    const nodad = address.includes(':') && !dad ? 'nodad' : '';
    await this.ip(`addr add ${address} dev ${device} ${nodad}`);
  }

  async removeAddress(device: string, address: string): Promise<void> {
    await this.ip(`addr del ${address} dev ${device}`);
  }

  /** Puts `to` in the place of `from` in one process, new one first as DHCP clients do. */
  async replaceAddress(device: string, from: string, to: string): Promise<void> {
    const nodad = to.includes(':') ? ' nodad' : '';
    await this.ipBatch([`addr add ${to} dev ${device}${nodad}`, `addr del ${from} dev ${device}`]);
  }

  /** A default route of either family: `host.defaultRoute('192.0.2.254', { device: 'eth0', metric: 100 })`. */
  async defaultRoute(
    gateway: string,
    { device, metric }: { device?: string; metric?: number } = {},
  ): Promise<void> {
    const family = gateway.includes(':') ? '-6 ' : '';
    const through = device === undefined ? '' : `dev ${device}`;
    const weight = metric === undefined ? '' : `metric ${metric}`;
    await this.ip(`${family}route replace default via ${gateway} ${through} ${weight}`);
  }

  async link(device: string, state: 'up' | 'down'): Promise<void> {
    await this.ip(`link set ${device} ${state}`);
  }

  /** Joins devices of this namespace to one Ethernet: a switch for three hosts and more. */
  async bridge(name: string, devices: readonly string[]): Promise<void> {
    await this.ipBatch([
      `link add ${name} type bridge forward_delay 0`,
      `link set ${name} up`,
      ...devices.flatMap((device) => [`link set ${device} master ${name}`, `link set ${device} up`]),
    ]);
  }

  /** Writes a kernel setting of this namespace: `host.sysctl('net.ipv4.ip_forward', '1')`. Device names without dots only. */
  async sysctl(name: string, value: string): Promise<void> {
    await mustExecute(this.command(['tee', `/proc/sys/${name.replaceAll('.', '/')}`]), value);
  }

  /** Lets this namespace route between its devices, both families. */
  async forward(): Promise<void> {
    await this.sysctl('net.ipv4.ip_forward', '1');
    await this.sysctl('net.ipv6.conf.all.forwarding', '1');
  }

  /** Loads nftables rules: the text of a rules file. @throws Error with nft's own words. */
  async nft(rules: string): Promise<void> {
    await mustExecute(this.command(['nft', '-f', '-']), rules);
  }

  /** What leaves by `device` carries the address of that device: the home router. */
  async masquerade(device: string): Promise<void> {
    await this.nft(`
      table ip home_router {
        chain out {
          type nat hook postrouting priority srcnat
          oifname "${device}" masquerade
        }
      }`);
  }

  /** True if something here listens on the port. */
  async listens(protocol: 'udp' | 'tcp', port: number): Promise<boolean> {
    const flags = protocol === 'udp' ? '-Hlun' : '-Hltn';
    const { stdout } = await this.run(['ss', flags, `sport = :${port}`]);
    return stdout.trim() !== '';
  }
}
