/** Addresses that lie beyond every network a host may be in. Only the kernel's routes are asked for them; nothing is sent. */
export const OUTSIDE = { ipv4: '1.1.1.1', ipv6: '2606:4700:4700::1111' } as const;
