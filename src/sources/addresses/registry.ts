import type { DetectorKind } from '../contract.ts';
import { commandKind } from './command.ts';
import { fileKind } from './file.ts';
import { httpKind } from './http.ts';
import { interfaceKind } from './interface.ts';
import { staticKind } from './static.ts';
import { stunKind } from './stun.ts';

/** Every detector there is, in the order of trust that `docs/detectors.md` explains. */
export const detectorKinds: readonly DetectorKind[] = [
  interfaceKind,
  stunKind,
  httpKind,
  staticKind,
  fileKind,
  commandKind,
];
