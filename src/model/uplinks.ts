/** The word for whichever uplink is the best one working. */
export const ACTIVE = 'active';

/** The word for a record that holds the addresses of all uplinks at once. */
export const ALL = 'all';

/** What a record that holds all uplinks follows for each of them. */
export const oneOfAll = (uplink: string): string => `${ALL}:${uplink}`;

export const isOneOfAll = (uplink: string): boolean => uplink.startsWith(`${ALL}:`);

/** True if a record that follows `followed` may come to hold an address of this uplink. */
export const mayHold = (followed: string, uplink: string): boolean =>
  followed === uplink || followed === ACTIVE || followed === oneOfAll(uplink);
