import type { Provider } from './contract.ts';

/** How each provider with a file of its own is found; the services of the table share theirs. A new file gets one line here. */
const FILES = {
  aliyun: async () => (await import('./aliyun.ts')).aliyun,
  azure: async () => (await import('./azure/provider.ts')).azure,
  cloudflare: async () => (await import('./cloudflare.ts')).cloudflare,
  command: async () => (await import('./command/provider.ts')).command,
  desec: async () => (await import('./desec.ts')).desec,
  digitalocean: async () => (await import('./digitalocean.ts')).digitalocean,
  dnsimple: async () => (await import('./dnsimple.ts')).dnsimple,
  dnspod: async () => (await import('./dnspod/index.ts')).dnspod,
  'dnspod-token': async () => (await import('./dnspod-token/provider.ts')).dnspodToken,
  dyndns2: async () => (await import('./dyndns2/provider.ts')).dyndns2,
  embedded: async () => (await import('./embedded/index.ts')).embedded,
  gandi: async () => (await import('./gandi.ts')).gandi,
  godaddy: async () => (await import('./godaddy.ts')).godaddy,
  google: async () => (await import('./google/provider.ts')).google,
  hetzner: async () => (await import('./hetzner.ts')).hetzner,
  huawei: async () => (await import('./huawei/provider.ts')).huawei,
  linode: async () => (await import('./linode.ts')).linode,
  namecheap: async () => (await import('./namecheap/provider.ts')).namecheap,
  ovh: async () => (await import('./ovh/provider.ts')).ovh,
  porkbun: async () => (await import('./porkbun.ts')).porkbun,
  powerdns: async () => (await import('./powerdns.ts')).powerdns,
  rfc2136: async () => (await import('./rfc2136/index.ts')).rfc2136,
  route53: async () => (await import('./route53/index.ts')).route53,
  scaleway: async () => (await import('./scaleway.ts')).scaleway,
  vultr: async () => (await import('./vultr.ts')).vultr,
  webhook: async () => (await import('./webhook/provider.ts')).webhook,
} satisfies Readonly<Record<string, () => Promise<Provider>>>;

const loaders: ReadonlyMap<string, () => Promise<Provider>> = new Map(Object.entries(FILES));

const loadTable = async (): Promise<readonly Provider[]> =>
  (await import('./table/providers.ts')).tableProviders;

/** Every provider there is, by name: the words that may stand after `provider:`. */
export async function allProviders(): Promise<readonly Provider[]> {
  const own = await Promise.all([...loaders.values()].map((load) => load()));
  const all = [...own, ...(await loadTable())];
  return all.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * The providers a configuration names. Only their files are loaded: the whole catalogue would cost a running netdrift ten times the memory
 * of the few it uses. A name that is none brings the whole catalogue, so that something like it can be suggested.
 */
export async function providersFor(names: readonly string[]): Promise<readonly Provider[]> {
  const wanted = [...new Set(names)];
  const own = wanted.flatMap((name) => loaders.get(name) ?? []);
  const others = wanted.filter((name) => !loaders.has(name));
  const table = others.length === 0 ? [] : await loadTable();
  if (others.some((name) => !table.some((provider) => provider.name === name))) return allProviders();
  return [...(await Promise.all(own.map((load) => load()))), ...table];
}
