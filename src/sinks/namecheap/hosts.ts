import { parseAddress } from '../../model/address.ts';
import type { Fqdn } from '../../model/name.ts';
import { type RestChange, type RestRecord, relativeTo } from '../rest/records.ts';
import { RestError } from '../rest/refusal.ts';
import type { Host, HostList } from './answers.ts';

/** Seconds of a host made without a TTL: what the service itself gives. */
const NEW_TTL = 1_800;
const NO_LABELS = { AssociatedAppTitle: '', FriendlyName: '' };

/**
 * The list of all hosts after the changes. `setHosts` deletes what it is not given, so the list starts from what is there this
 * very moment, and whatever is not to be changed goes back as it came.
 * @throws RestError `conflict` if a record to change is no longer there, or one to create is.
 */
export function hostsAfter(zone: Fqdn, list: HostList, changes: readonly RestChange[]): readonly Host[] {
  const hosts: Array<Host | undefined> = [...list.hosts];
  const taken = new Set<number>();
  for (const change of changes) {
    const name = relativeTo(zone, change.key.name);
    const { type } = change.key;
    const isOurs = (host: Host | undefined) => host?.Name.toLowerCase() === name && host.Type === type;
    if (change.actual.length !== list.hosts.filter(isOurs).length) throw changedMeanwhile(change);
    const placeOf = (record: RestRecord): number => {
      const at = list.hosts.findIndex((host, index) => {
        return isOurs(host) && contentOf(host) === record.content && !taken.has(index);
      });
      if (at < 0) throw changedMeanwhile(change);
      taken.add(at);
      return at;
    };
    for (const edit of change.edits) {
      if (edit.kind === 'create') {
        const TTL = change.ttl ?? change.actual[0]?.ttl ?? NEW_TTL;
        const fresh = { MXPref: '10', IsActive: true, IsDDNSEnabled: false, ...NO_LABELS };
        hosts.push({ Name: name, Type: type, Address: edit.value, TTL, ...fresh });
        continue;
      }
      const at = placeOf(edit.record);
      const host = list.hosts[at];
      if (edit.kind === 'delete' || host === undefined) hosts[at] = undefined;
      else hosts[at] = { ...host, Address: edit.value, TTL: change.ttl ?? host.TTL };
    }
  }
  const after = hosts.filter((host) => host !== undefined);
  keepable(list, after);
  return after;
}

/** As the framework compares it: addresses in canonical form. */
const contentOf = ({ Address }: Host): string => parseAddress(Address) ?? Address;

/** Hosts that `setHosts` has no parameters for: written back they would become something else. */
function keepable(list: HostList, after: readonly Host[]): void {
  const host = after.find((one) => list.hosts.includes(one) && (one.IsDDNSEnabled || !one.IsActive));
  if (host === undefined) return;
  const state = host.IsDDNSEnabled ? 'a dynamic DNS host' : 'switched off';
  const message = `Namecheap: ${host.Name}/${host.Type} is ${state}, which setHosts cannot keep; nothing was written. Change that host there, or use the dynamic DNS password`;
  throw new RestError({ class: 'refused', scope: 'sink', message });
}

function changedMeanwhile({ key }: RestChange): RestError {
  const message = `Namecheap: ${key.name}/${key.type} was changed meanwhile`;
  return new RestError({ class: 'conflict', scope: 'sink', message });
}

const LABELS = ['AssociatedAppTitle', 'FriendlyName'] as const;

/** The numbered parameters of `setHosts`. */
export function parametersOf(list: HostList, hosts: readonly Host[]): Readonly<Record<string, string>> {
  const numbered = hosts.flatMap((host, index): readonly (readonly [string, string])[] => {
    const number = index + 1;
    return [
      [`HostName${number}`, host.Name],
      [`RecordType${number}`, host.Type],
      [`Address${number}`, host.Address],
      [`MXPref${number}`, host.MXPref],
      [`TTL${number}`, String(host.TTL)],
      ...LABELS.flatMap((label) => (host[label] === '' ? [] : [[`${label}${number}`, host[label]] as const])),
    ];
  });
  // Without it mail records are dropped.
  const mail = list.EmailType || (hosts.some((host) => host.Type === 'MX') ? 'MX' : '');
  return { ...Object.fromEntries(numbered), ...(mail === '' ? {} : { EmailType: mail }) };
}

/** Which of the hosts sent are not in the list read back, or have lost a label though nothing was to change on them; empty if all is well. */
export function missingFrom(list: HostList, sent: readonly Host[], before: HostList): readonly string[] {
  const there = [...list.hosts];
  return sent
    .filter((host) => {
      const kept = before.hosts.includes(host);
      const at = there.findIndex(
        (one) =>
          textOf(one) === textOf(host) && (!kept || LABELS.every((label) => one[label] === host[label])),
      );
      if (at >= 0) there.splice(at, 1);
      return at < 0;
    })
    .map(textOf);
}

// TTL and preference are left out: the service rounds the one and fills in the other. A final dot comes and goes.
const textOf = ({ Name, Type, Address }: Host): string =>
  `${Name}/${Type} ${Address.replace(/\.$/, '')}`.toLowerCase();
