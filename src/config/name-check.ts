import type { Findings } from './findings.ts';
import type { Path } from './problems.ts';
import { NAME_PATTERN, NAME_REMEDY } from './sections.ts';

/** The names that the operator gives to sinks and uplinks: they appear in logs, states and commands. */
export function checkName(findings: Findings, path: Path, name: string): void {
  if (NAME_PATTERN.test(name)) return;
  findings.error({ path, message: 'is not a name that can be used', remedy: NAME_REMEDY, at: 'key' });
}
