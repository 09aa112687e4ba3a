import type { DetectorKind } from '../contract.ts';
import { commandKind } from './command.ts';
import { dnsKind } from './dns.ts';
import { fileKind } from './file.ts';
import { httpKind } from './http.ts';
import { interfaceKind } from './interface.ts';
import { metadataKind } from './metadata/index.ts';
import { routerKind } from './router.ts';
import { staticKind } from './static.ts';
import { stunKind } from './stun.ts';

/** Every detector there is, in the order of trust that `docs/detectors.md` explains. */
export const detectorKinds: readonly DetectorKind[] = [
  metadataKind,
  interfaceKind,
  routerKind,
  stunKind,
  dnsKind,
  httpKind,
  staticKind,
  fileKind,
  commandKind,
];
