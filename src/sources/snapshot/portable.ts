import type { Link, Sight, SnapshotComponents } from './contract.ts';
import { gatewayReader } from './gateways.ts';
import { linksFrom } from './links.ts';

/** Looks at a host through what Node and npm default-gateway offer everywhere. Address flags are not to be had this way. */
export function lookAnywhere(components: SnapshotComponents): () => Promise<Sight> {
  const gateways = gatewayReader(components);
  return async () => {
    const routes = await gateways();
    return { links: listLinks(components), routes };
  };
}

function listLinks(components: SnapshotComponents): readonly Link[] | undefined {
  try {
    return linksFrom(components.interfaces());
  } catch (error) {
    components.log.debug('snapshot_unreadable', 'cannot list the interfaces', { error: String(error) });
    return undefined;
  }
}
