import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { describe } from 'vitest';

/** What `ip netns` and the rest of the library itself call. */
const BASIS = ['ip', 'ss', 'nft', 'tee'];

const probed = new Map<string, boolean>();

function hasProgram(name: string): boolean {
  const known = probed.get(name);
  if (known !== undefined) return known;
  const found = spawnSync('which', [name]).status === 0;
  probed.set(name, found);
  return found;
}

let namespaces: string | undefined;

/** Empty if namespaces can be made and entered here, else why not. Entering one mounts /sys anew, which a container may forbid. */
function whyNoNamespaces(): string {
  if (namespaces !== undefined) return namespaces;
  const name = `netdrift-${process.pid}-0-probe`;
  try {
    execFileSync('ip', ['netns', 'add', name], { stdio: 'pipe' });
    try {
      execFileSync('ip', ['netns', 'exec', name, 'true'], { stdio: 'pipe' });
    } finally {
      execFileSync('ip', ['netns', 'del', name], { stdio: 'pipe' });
    }
    namespaces = '';
  } catch (error) {
    const words = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    namespaces = `no network namespace can be made (${words})`;
  }
  return namespaces;
}

/**
 * Why lab tests that use these programs cannot run here; `undefined` if they can.
 * @throws Error instead where NETDRIFT_LAB_REQUIRED is set (`.ci/run`): what is left out there would look like what has passed.
 */
export function missing(programs: readonly string[] = []): string | undefined {
  return required(whyNot(programs)) ?? lacking(programs);
}

/** The same reason, where leaving tests out for it is allowed. */
export function required(why: string | undefined): string | undefined {
  if (why !== undefined && (process.env['NETDRIFT_LAB_REQUIRED'] ?? '') !== '')
    throw new Error(`${why}, and NETDRIFT_LAB_REQUIRED is set`);
  return why;
}

/** What the kernel, or the container this runs in, does not allow: that is skipped everywhere, for nobody can install it. */
function lacking(programs: readonly string[]): string | undefined {
  if (!programs.includes('systemd-nspawn')) return undefined;
  try {
    accessSync('/sys/fs/cgroup', constants.W_OK);
  } catch {
    return 'control groups cannot be written here';
  }
  const mount = spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], {
    encoding: 'utf8',
  });
  return mount.status === 0 ? undefined : `nothing can be mounted here (${mount.stderr.trim()})`;
}

function whyNot(programs: readonly string[]): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root';
  const absent = [...BASIS, ...programs].filter((program) => !hasProgram(program));
  if (absent.length > 0) return `needs ${absent.join(', ')} (.ci/run installs them)`;
  return whyNoNamespaces() || undefined;
}

/** `describe` for lab tests: where something is missing the block is skipped, and its title says why. */
export function describeLab(title: string, programs: readonly string[], body: () => void): void {
  const why = missing(programs);
  if (why === undefined) describe(title, body);
  else describe.skip(`${title} [skipped: ${why}]`, body);
}
