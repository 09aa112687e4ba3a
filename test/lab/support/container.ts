import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { Lab } from './lab.ts';
import { eventually } from './moment.ts';
import { execute, mustExecute, type Namespace, type Result } from './namespace.ts';
import { LabProcess } from './process.ts';

/** Where nspawn keeps a folder for each machine, and leaves it where /run is no tmpfs. */
const PROPAGATED = '/run/systemd/nspawn/propagate';
/** Folders that systemd searches for the programs of its services, and where `#!/usr/bin/env node` finds node. */
const SERVICE_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin'];
/** Where processes are put into groups: cgroup v2, or the two of a hybrid layout that systemd uses. */
const GROUPS = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified', '/sys/fs/cgroup/systemd'];

let count = 0;

export interface ContainerOptions {
  readonly namespace: Namespace;
  /** Its program in `dist/`; the folder is installed as `npm install --global` does, and the program is /usr/bin/netdrift. */
  readonly program: string;
  /** Text of further files, by their absolute paths. */
  readonly files: Readonly<Record<string, string>>;
}

/**
 * A machine booted by systemd-nspawn: systemd as its first process, a root folder of its own, the host's /usr read-only, and the network
 * namespace given. Ends with the lab at the latest; `close` takes its process groups away, too.
 */
export class Container {
  readonly #name: string;
  readonly #root: string;
  readonly #process: LabProcess;
  readonly #groups: readonly string[];
  #leader = 0;

  private constructor(name: string, root: string, process: LabProcess, groups: readonly string[]) {
    this.#name = name;
    this.#root = root;
    this.#process = process;
    this.#groups = groups;
  }

  /** Resolves when systemd has reached basic.target. @throws Error with what nspawn said if it does not. */
  static async boot(lab: Lab, { namespace, program, files }: ContainerOptions): Promise<Container> {
    count += 1;
    const name = `netdrift-lab-${process.pid}-${count}`;
    const folder = lab.folder('container');
    const root = makeRoot(path.join(folder, 'root'), files);
    const usr = installAt(path.join(folder, 'usr'), program);
    const groups = makeGroups(name);
    const command = [
      'systemd-nspawn',
      ...['--quiet', '--register=no', '--keep-unit', '--link-journal=no', '--console=pipe'],
      ...['--resolv-conf=off', '--timezone=off', '--boot'],
      `--machine=${name}`,
      `--directory=${root}`,
      `--overlay-ro=/usr:${usr}:/usr`,
      ...nodeBinding(),
      `--network-namespace-path=/run/netns/${namespace.name}`,
      'systemd.unit=basic.target',
    ];
    // The group is entered by a shell that becomes nspawn, so that the pid is nspawn's own.
    const enter =
      'for group; do [ "$group" = -- ] && break; echo $$ >"$group/cgroup.procs"; shift; done; shift; exec "$@"';
    const started = new LabProcess(['sh', '-c', enter, 'sh', ...groups, '--', ...command]);
    lab.track(started);
    const container = new Container(name, root, started, groups);
    try {
      container.#leader = await eventually('systemd is the first process', () => container.#findLeader(), {
        timeout: 10_000,
      });
      await eventually(
        'systemd has booted',
        async () => (await container.run(['systemctl', 'is-active', 'basic.target'])).code === 0,
        { timeout: 20_000, every: 100 },
      );
    } catch (error) {
      await container.close();
      throw new Error(`systemd-nspawn did not boot: ${started.output()}`, { cause: error });
    }
    return container;
  }

  /** Runs a program inside to its end, as root and with all that root may. */
  run(command: readonly string[]): Promise<Result> {
    return execute(['nsenter', '--target', String(this.#leader), '--all', ...command]);
  }

  /** @throws Error with what it said, unless it ended with 0. */
  must(...command: readonly string[]): Promise<string> {
    return mustExecute(['nsenter', '--target', String(this.#leader), '--all', ...command]);
  }

  /** One property of a service, as `systemctl show` gives it. */
  async property(unit: string, name: string): Promise<string> {
    return (await this.must('systemctl', 'show', '--value', `--property=${name}`, unit)).trim();
  }

  write(file: string, text: string): void {
    writeInto(this.#root, file, text);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    // Whatever is in its groups, also where nspawn has been killed before: its first process would live on without it.
    for (const pid of this.#groups.flatMap(processesIn)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself.
      }
    }
    await Promise.race([this.#process.exited, this.#process.stop(2_000)]);
    await this.#process.kill();
    rmSync(path.join(PROPAGATED, this.#name), { recursive: true, force: true });
    await eventually('the groups are empty', () => this.#groups.every(removeGroup)).catch(() => {
      // Left for the system; an empty group does no harm.
    });
  }

  /** nspawn's child, once it is systemd and no longer what becomes it. */
  #findLeader(): number | undefined {
    if (!this.#process.running) throw new Error('nspawn has ended');
    const { pid } = this.#process;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean);
    return children
      .map(Number)
      .find((child) => readFileSync(`/proc/${child}/comm`, 'utf8').trim() === 'systemd');
  }
}

/** A root folder with merged /usr and the least that systemd needs in /etc. */
function makeRoot(root: string, files: Readonly<Record<string, string>>): string {
  for (const name of ['usr', 'etc', 'var', 'run', 'tmp', 'proc', 'sys', 'dev', 'root', 'opt'])
    mkdirSync(path.join(root, name), { recursive: true });
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    if (existsSync(path.join('/usr', name))) symlinkSync(path.join('usr', name), path.join(root, name));
  }
  const basis = {
    '/etc/os-release': 'ID=lab\n',
    // Not empty: else systemd takes it for its first boot and enables whatever /usr has units for.
    '/etc/machine-id': `${'0123456789abcdef'.repeat(2)}\n`,
    '/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/usr/sbin/nologin\n',
    '/etc/group': 'root:x:0:\nnogroup:x:65534:\n',
    '/etc/nsswitch.conf': 'passwd: files systemd\ngroup: files systemd\nhosts: files\n',
  };
  for (const [file, text] of Object.entries({ ...basis, ...files })) writeInto(root, file, text);
  return root;
}

function writeInto(root: string, file: string, text: string): void {
  const place = path.join(root, file);
  mkdirSync(path.dirname(place), { recursive: true });
  writeFileSync(place, text);
}

/** What is laid over the host's /usr. */
function installAt(usr: string, program: string): string {
  const home = 'lib/node_modules/netdrift';
  mkdirSync(path.join(usr, 'bin'), { recursive: true });
  cpSync(path.dirname(program), path.join(usr, home, 'dist'), { recursive: true });
  writeFileSync(path.join(usr, home, 'package.json'), '{ "name": "netdrift", "type": "module" }');
  symlinkSync(path.join('..', home, 'dist', path.basename(program)), path.join(usr, 'bin/netdrift'));
  if (nodeBinding().length > 0) symlinkSync('/opt/node', path.join(usr, 'bin/node'));
  return usr;
}

/** A Node outside of the services' PATH is shown at a place of its own. */
const nodeBinding = (): readonly string[] =>
  SERVICE_PATH.includes(path.dirname(process.execPath)) ? [] : [`--bind-ro=${process.execPath}:/opt/node`];

/** Groups of the container's own, so that two of them are not in each other's way. */
function makeGroups(name: string): readonly string[] {
  const folders = GROUPS.filter((folder) => existsSync(path.join(folder, 'cgroup.procs')));
  for (const folder of folders) sweep(folder);
  const groups = folders.map((folder) => path.join(folder, name));
  for (const group of groups) mkdirSync(group);
  return groups;
}

/** Takes away what runs that were killed have left; the lab's own sweep has ended the processes in it. */
function sweep(folder: string): void {
  for (const entry of readdirSync(folder)) {
    const pid = /^netdrift-lab-(\d+)-\d+$/.exec(entry)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) removeGroup(path.join(folder, entry));
  }
}

/** The processes of a group and of all groups below it. */
function processesIn(group: string): readonly number[] {
  if (!existsSync(group)) return [];
  const below = readdirSync(group, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const own = readFileSync(path.join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
  return [...own, ...below.flatMap(({ name }) => processesIn(path.join(group, name)))];
}

/** Deepest first; false if a process is still in one of them. */
function removeGroup(group: string): boolean {
  if (!existsSync(group)) return true;
  try {
    for (const entry of readdirSync(group, { withFileTypes: true }))
      if (entry.isDirectory() && !removeGroup(path.join(group, entry.name))) return false;
    rmdirSync(group);
    return true;
  } catch {
    return false;
  }
}
