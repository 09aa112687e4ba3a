import type { Findings } from './findings.ts';
import type { Surroundings } from './parse.ts';
import type { Path } from './problems.ts';

const READABLE_BY_OTHERS = 0o044;

/** Warns of each secret that stands in a file whose permission bits let others read it. */
export function warnOfReadableLiterals(
  findings: Findings,
  root: unknown,
  literals: ReadonlySet<string>,
  { mode, platform, file }: Pick<Surroundings, 'mode' | 'platform' | 'file'>,
): void {
  // Windows gives mode bits that mean nothing.
  if (mode === undefined || platform === 'win32' || (mode & READABLE_BY_OTHERS) === 0) return;
  const search = (value: unknown, path: Path): void => {
    if (typeof value === 'object' && value !== null) {
      const list = Array.isArray(value);
      for (const [key, inner] of Object.entries(value)) search(inner, [...path, list ? Number(key) : key]);
    } else if (typeof value === 'string' && literals.has(value)) {
      findings.warning({
        path,
        message: `is a secret in a file that others can read (mode ${(mode & 0o777).toString(8).padStart(4, '0')})`,
        remedy: `run chmod 600 ${file}, or write { file: … } or { env: … } instead of the secret`,
        show: 'secret',
      });
    }
  };
  if (literals.size > 0) search(root, []);
}
