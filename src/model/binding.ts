import type { IpAddress } from './address.ts';
import type { Family } from './family.ts';
import type { UplinkSettings } from './settings.ts';
import type { Snapshot } from './snapshot.ts';

/** What the requests of an uplink have to leave from, in one family; nothing in it where the uplink is not bound. */
export interface Binding {
  readonly interface?: string;
  /** One address of this host; on that interface, if both are given. */
  readonly source?: IpAddress;
}

export function bindingOf(
  { interface: name, source }: Pick<UplinkSettings, 'interface' | 'source'>,
  family: Family,
): Binding {
  const address = source?.[family];
  return {
    ...(name === undefined ? {} : { interface: name }),
    ...(address === undefined ? {} : { source: address }),
  };
}

export const isBound = (binding: Binding): boolean =>
  binding.interface !== undefined || binding.source !== undefined;

/** The interface that a binding leads to: the one it names, or else the one that holds its address; `undefined` if none does. */
export function boundInterface({ interface: name, source }: Binding, snapshot: Snapshot): string | undefined {
  if (name !== undefined || source === undefined) return name;
  const holds = snapshot.interfaces.find(({ addresses }) =>
    addresses.some(({ address }) => address === source),
  );
  return holds?.name;
}
