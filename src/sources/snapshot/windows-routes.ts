import { win32 } from 'node:path';
import { familyOf, parseAddress } from '../../model/address.ts';
import type { Family } from '../../model/family.ts';
import type { DefaultRoute } from '../../model/snapshot.ts';
import type { SnapshotComponents } from './contract.ts';
import { fieldsOf, json } from './json.ts';
import { askProgram } from './program.ts';

type Routes = Readonly<Record<Family, readonly DefaultRoute[]>>;
type Components = Pick<SnapshotComponents, 'scheduler' | 'log'> & Required<Pick<SnapshotComponents, 'spawn'>>;

/** Milliseconds for PowerShell: it takes a second to start, several on a machine that has just been turned on. */
const DEADLINE = 8_000;

/**
 * All routes are asked for and picked from in the script: asked for none but defaults, `Get-NetRoute` fails alike where there are none and where
 * it cannot tell. The console's own encoding would garble interface names. With `-InputObject` a single route is a list too.
 */
const SCRIPT = [
  "$ErrorActionPreference = 'Stop'",
  '[Console]::OutputEncoding = [Text.Encoding]::UTF8',
  "$routes = Get-NetRoute -PolicyStore ActiveStore | Where-Object { $_.DestinationPrefix -in '0.0.0.0/0', '::/0' }",
  "$fields = 'DestinationPrefix', 'NextHop', 'InterfaceAlias', 'RouteMetric', 'InterfaceMetric'",
  'ConvertTo-Json -Compress -InputObject @($routes | Select-Object $fields)',
].join('; ');

/**
 * Asks PowerShell for the default routes of both families at once; `undefined` if it cannot tell. A question still unanswered is not asked
 * a second time beside the first. For Windows 11 24H2 and later, which come without the `wmic` that default-gateway asks.
 */
export function windowsRouteReader(
  components: Components,
  windowsFolder: string,
): () => Promise<Routes | undefined> {
  // By its whole path: a program of that name in the current folder would be taken first.
  const program = win32.join(windowsFolder, 'System32', 'WindowsPowerShell', 'v1.0', 'powershell.exe');
  const words = ['-NoLogo', '-NoProfile', '-NonInteractive', '-Command', SCRIPT];
  let asked: Promise<Routes | undefined> | undefined;

  const ask = async (): Promise<Routes | undefined> => {
    const answer = await askProgram(components, { program, words, deadline: DEADLINE });
    const found = 'text' in answer ? parseNetRoutes(answer.text) : undefined;
    if (found === undefined) {
      const why = 'text' in answer ? 'it does not write what was asked for' : answer.why;
      components.log.debug('gateway_unknown', `PowerShell does not tell the default routes: ${why}`);
    }
    return found;
  };
  return () => {
    asked ??= ask().finally(() => {
      asked = undefined;
    });
    return asked;
  };
}

/**
 * Reads what the script writes: a list of `{ DestinationPrefix, NextHop, InterfaceAlias, RouteMetric, InterfaceMetric }`; `undefined` if it is not
 * that. The metric of a route is the sum of both (https://learn.microsoft.com/powershell/module/nettcpip/get-netroute). Never throws.
 */
export function parseNetRoutes(text: string): Routes | undefined {
  // A byte order mark is what the encoding of the console may begin with.
  const listing = json(text.replace(/^\ufeff/, ''));
  if (!Array.isArray(listing)) return undefined;
  const routes: DefaultRoute[] = [];
  for (const entry of listing as readonly unknown[]) {
    const route = routeOf(fieldsOf(entry));
    // Half a list is none: the route that cannot be read may be the one that counts.
    if (route === undefined) return undefined;
    routes.push(route);
  }
  return {
    ipv4: routes.filter((route) => route.family === 'ipv4'),
    ipv6: routes.filter((route) => route.family === 'ipv6'),
  };
}

function routeOf(fields: Readonly<Record<string, unknown>>): DefaultRoute | undefined {
  const { DestinationPrefix: prefix, NextHop: hop, InterfaceAlias: name } = fields;
  const { RouteMetric: own, InterfaceMetric: ofInterface } = fields;
  const family = prefix === '0.0.0.0/0' ? 'ipv4' : prefix === '::/0' ? 'ipv6' : undefined;
  if (family === undefined || typeof name !== 'string' || name === '') return undefined;
  if (!isMetric(own) || !isMetric(ofInterface) || typeof hop !== 'string') return undefined;
  const metric = own + ofInterface;
  if (!isMetric(metric)) return undefined;
  const base = { family, interface: name, metric } as const;
  // On-link routes name the unspecified address.
  if (hop === '0.0.0.0' || hop === '::') return base;
  const gateway = parseAddress(hop.replace(/%.*$/, ''));
  return gateway !== undefined && familyOf(gateway) === family ? { ...base, gateway } : undefined;
}

const isMetric = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
