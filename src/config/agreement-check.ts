import { FAMILIES } from '../model/family.ts';
import type { UplinkSettings } from '../model/settings.ts';
import type { DetectorKind } from '../sources/contract.ts';
import type { Findings } from './findings.ts';
import type { Path } from './problems.ts';

/**
 * More witnesses than there are can never agree: where all are outside, nothing would ever be published. Where the host may know
 * by itself that still works, and only what is seen from outside is never believed.
 */
export function checkAgree(
  findings: Findings,
  path: Path,
  needed: number,
  detectors: UplinkSettings['detectors'],
  kinds: readonly DetectorKind[],
): void {
  for (const family of FAMILIES) {
    const voices = detectors[family].flatMap(({ detector, options }) => {
      const kind = kinds.find(({ name }) => name === detector);
      return kind === undefined || options === undefined
        ? []
        : [kind.operators?.(options, family) ?? [detector]];
    });
    const operators = new Set(voices.flat());
    if (voices.length < detectors[family].length || voices.length === 0 || operators.size >= needed) continue;
    const inside = voices.some((said) => said.length === 0);
    const count = operators.size === 1 ? 'one operator' : `${operators.size} operators`;
    const finding = {
      path: [...path, 'agree'],
      message: inside
        ? `can never be reached by what ${family} is told from outside, by ${count}`
        : `can never be reached for ${family}, whose witnesses are of ${count}, so nothing would be published`,
      remedy: `write ${Math.max(operators.size, 1)} or less, or list witnesses of more operators`,
      show: 'value',
    } as const;
    if (inside) findings.warning(finding);
    else findings.error(finding);
  }
}
