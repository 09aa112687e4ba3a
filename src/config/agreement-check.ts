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
    // Nobody outside is asked, or not all of them could be read: nothing can be said.
    if (operators.size === 0 || voices.length < detectors[family].length || operators.size >= needed)
      continue;
    const inside = voices.some((said) => said.length === 0);
    const count = operators.size === 1 ? 'one operator' : `${operators.size} operators`;
    const finding = {
      path: [...path, 'agree'],
      message: inside
        ? `can never be reached by what ${family} is told from outside, by ${count}`
        : `can never be reached for ${family}, whose witnesses are of ${count}, so nothing would be published`,
      remedy: `write ${operators.size} or less, or list witnesses of more operators`,
      show: 'value',
    } as const;
    if (inside) findings.warning(finding);
    else findings.error(finding);
  }
}
