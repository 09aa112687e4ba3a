import type { DefaultRoute, InterfaceAddress, NetworkInterface, Snapshot } from '../model/snapshot.ts';

/** Says what differs between two snapshots, one short sentence for each field, sorted; empty if they are equal whatever their order. */
export function describeDifferences(previous: Snapshot, next: Snapshot): readonly string[] {
  const sentences = [
    ...compareKeyed(
      byKey(previous.interfaces, (owner) => owner.name),
      byKey(next.interfaces, (owner) => owner.name),
      {
        gone: (name) => [`${name} is gone`],
        added: (name, owner) => [
          `${name} is new`,
          ...owner.addresses.map((entry) => `${name}: ${entry.address} is new`),
        ],
        both: describeInterface,
      },
    ),
    ...compareKeyed(byKey(previous.routes, describeRoute), byKey(next.routes, describeRoute), {
      gone: (route) => [`${route} is gone`],
      added: (route) => [`${route} is new`],
      both: () => [],
    }),
    ...compareKeyed(waysOut(previous), waysOut(next), {
      gone: (family) => [`${family} has no way out`],
      added: (family, name) => [`${family} leaves by ${name}`],
      both: (family, before, after) =>
        before === after ? [] : [`${family} left by ${before}, leaves by ${after}`],
    }),
  ];
  return sentences.sort();
}

const waysOut = ({ waysOut = {} }: Snapshot): ReadonlyMap<string, string> => new Map(Object.entries(waysOut));

function describeInterface(
  name: string,
  before: NetworkInterface,
  after: NetworkInterface,
): readonly string[] {
  const fields = (['running', 'virtual', 'loopback', 'index', 'mac'] as const)
    .filter((field) => before[field] !== after[field])
    .map((field) => `${name}: ${field} was ${before[field] ?? 'unknown'}, is ${after[field] ?? 'unknown'}`);
  const addresses = compareKeyed(
    byKey(before.addresses, (entry) => entry.address),
    byKey(after.addresses, (entry) => entry.address),
    {
      gone: (address) => [`${name}: ${address} is gone`],
      added: (address) => [`${name}: ${address} is new`],
      both: (address, old, now) => describeAddress(`${name}: ${address}`, old, now),
    },
  );
  return [...fields, ...addresses];
}

function describeAddress(
  subject: string,
  before: InterfaceAddress,
  after: InterfaceAddress,
): readonly string[] {
  const flags = (['tentative', 'duplicate', 'deprecated', 'temporary'] as const)
    .filter((flag) => before.flags[flag] !== after.flags[flag])
    .map((flag) => `${subject} is ${after.flags[flag] ? 'now' : 'no longer'} ${flag}`);
  const length =
    before.prefixLength === after.prefixLength ? [] : [`${subject} is now in a /${after.prefixLength}`];
  return [...flags, ...length];
}

function describeRoute(route: DefaultRoute): string {
  const via = route.gateway === undefined ? 'on-link' : `via ${route.gateway}`;
  return `${route.family} default route ${via} dev ${route.interface} metric ${route.metric}`;
}

interface Sentences<Value> {
  readonly gone: (key: string) => readonly string[];
  readonly added: (key: string, value: Value) => readonly string[];
  readonly both: (key: string, before: Value, after: Value) => readonly string[];
}

function compareKeyed<Value>(
  before: ReadonlyMap<string, Value>,
  after: ReadonlyMap<string, Value>,
  say: Sentences<Value>,
): readonly string[] {
  const gone = [...before.keys()].filter((key) => !after.has(key)).flatMap((key) => say.gone(key));
  const rest = [...after].flatMap(([key, value]) => {
    const old = before.get(key);
    return old === undefined ? say.added(key, value) : say.both(key, old, value);
  });
  return [...gone, ...rest];
}

const byKey = <Value>(values: readonly Value[], key: (value: Value) => string): ReadonlyMap<string, Value> =>
  new Map(values.map((value) => [key(value), value]));
