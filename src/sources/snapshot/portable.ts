import type { Link, Sight, SnapshotComponents } from './contract.ts';
import { gatewayReader } from './gateways.ts';
import { linksFrom } from './links.ts';
import { windowsRouteReader } from './windows-routes.ts';

/** Looks at a host through what Node and npm default-gateway offer everywhere. Address flags are not to be had this way. */
export function lookAnywhere(components: SnapshotComponents): () => Promise<Sight> {
  const gateways = gatewayReader(components);
  const { platform, spawn, windowsFolder } = components;
  const second =
    platform === 'win32' && spawn !== undefined && windowsFolder !== undefined
      ? windowsRouteReader({ ...components, spawn }, windowsFolder)
      : undefined;
  return async () => {
    const first = await gateways();
    const told = first.ipv4 !== undefined || first.ipv6 !== undefined;
    const routes = told ? first : ((await second?.()) ?? first);
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
