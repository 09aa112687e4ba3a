import { execFileSync, spawnSync } from 'node:child_process';
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

/** Empty if namespaces can be made here, else why not. */
function whyNoNamespaces(): string {
  if (namespaces !== undefined) return namespaces;
  const name = `netdrift-${process.pid}-0-probe`;
  try {
    execFileSync('ip', ['netns', 'add', name], { stdio: 'pipe' });
    execFileSync('ip', ['netns', 'del', name], { stdio: 'pipe' });
    namespaces = '';
  } catch (error) {
    const words = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    namespaces = `no network namespace can be made (${words})`;
  }
  return namespaces;
}

/** Why lab tests that use these programs cannot run here; `undefined` if they can. */
export function missing(programs: readonly string[] = []): string | undefined {
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
