/** npm default-gateway 7 comes without types. Both functions reject when they cannot tell. */
declare module 'default-gateway' {
  export function gateway4async(): Promise<{ gateway: string; version: 4; int: string | null }>;
  export function gateway6async(): Promise<{ gateway: string; version: 6; int: string | null }>;
}
