import type { Snapshot } from '../../model/snapshot.ts';
import type { SnapshotComponents, SnapshotInit } from './contract.ts';
import { hostSnapshotComponents } from './host.ts';
import { createSnapshotReader as createReader } from './reader.ts';

export type { Gateway, SnapshotComponents, SnapshotInit } from './contract.ts';

/** As `reader.ts`, with this host's collaborators wherever none are given. */
export function createSnapshotReader(
  components: Partial<SnapshotComponents> & Pick<SnapshotComponents, 'log'>,
  init: SnapshotInit = {},
): () => Promise<Snapshot> {
  return createReader(
    { ...hostSnapshotComponents(components.log, components.platform), ...components },
    init,
  );
}
