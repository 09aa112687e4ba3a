/** Signs that an address is that of a VPN's or proxy's exit, by the names under which an operator may waive them. */
export const EXITS = ['tunnel', 'differing', 'warp'] as const;
export type Exit = (typeof EXITS)[number];
