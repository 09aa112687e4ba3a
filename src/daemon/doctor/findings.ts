import { remedyFor } from '../../control/remedy.ts';
import { sameAddresses } from '../../model/address.ts';
import { formatDuration } from '../../model/duration.ts';
import { FAMILIES, type Family } from '../../model/family.ts';
import type { Check, DoctorReport, Finding, SinkReport, WitnessReport } from './contract.ts';

type Facts = Omit<DoctorReport, 'findings' | 'took' | 'version'>;

/** Milliseconds by which a clock may be off: signed requests and TSIG (RFC 8945 section 10) forgive 300 s, and nobody can do with less for long. */
const CLOCK_TOLERANCE = 60_000;
/** Milliseconds of a step that is no more than the clock being steered. */
const STEP_TOLERANCE = 1_000;

/** What to do about what was found, the most important first: what stops everything, then what publishes nothing, then what is slow. Pure. */
export function findingsOf(facts: Facts): readonly Finding[] {
  const all = [
    ...configuration(facts),
    ...network(facts),
    ...clocks(facts),
    ...addresses(facts),
    ...facts.sinks.flatMap(sink),
    ...events(facts),
    ...router(facts),
    ...agreement(facts),
    ...facts.sinks.flatMap(published),
  ];
  const weight = (wanted: Finding['weight']) => all.filter((finding) => finding.weight === wanted);
  return [...weight('fix'), ...weight('better')];
}

const fix = (what: string, remedy: string): Finding => ({ weight: 'fix', what, remedy });
const better = (what: string, remedy: string): Finding => ({ weight: 'better', what, remedy });

function configuration({ configuration: { file, problems } }: Facts): readonly Finding[] {
  if (problems.length === 0) return [];
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  return [
    fix(
      `${file ?? 'the configuration'} cannot be used: it has ${count}, the first: ${problems[0]}`,
      'netdrift check lists all of them; the defaults were looked at in its place',
    ),
  ];
}

function hasNetwork({ host }: Facts): boolean {
  const up = host.interfaces.filter(({ kind, running }) => running && kind !== 'loopback');
  return (
    up.some(({ addresses: own }) => own.some((one) => one.class !== 'link_local')) && host.routes.length > 0
  );
}

function network(facts: Facts): readonly Finding[] {
  if (hasNetwork(facts)) return [];
  const up = facts.host.interfaces.filter(({ kind, running }) => running && kind !== 'loopback');
  if (up.length === 0) {
    return [
      fix(
        'no network interface is up',
        'plug in the cable, or switch the interface on; nothing can be published before',
      ),
    ];
  }
  const names = up.map(({ name }) => name).join(', ');
  const missing = facts.host.routes.length === 0 ? 'default route' : 'address';
  return [
    fix(
      `there is no ${missing} on ${names}`,
      'look at the DHCP client or the static configuration of this host; the router may be off',
    ),
  ];
}

function clocks({ clocks: { plausible, stepped, offset, wall } }: Facts): readonly Finding[] {
  const remedy =
    'let NTP set the clock (timedatectl set-ntp true): certificates and signed requests are refused otherwise';
  if (!plausible) return [fix(`the clock of this host says ${wall}, which is long ago`, remedy)];
  if (offset !== undefined && Math.abs(offset.milliseconds) > CLOCK_TOLERANCE) {
    const way = offset.milliseconds > 0 ? 'fast' : 'slow';
    const seconds = Math.round(Math.abs(offset.milliseconds) / 1_000);
    return [fix(`the clock of this host is ${seconds} s ${way}, says ${offset.by}`, remedy)];
  }
  if (Math.abs(stepped) <= STEP_TOLERANCE) return [];
  return [
    better(
      `the clock was set by ${stepped} ms while looking`,
      'if that happens often, let one program alone set the clock',
    ),
  ];
}

/** One for each uplink and family about which nobody can tell; absence that is proven is an answer. */
function addresses(facts: Facts): readonly Finding[] {
  if (!hasNetwork(facts)) return [];
  const asked = new Map<string, WitnessReport[]>();
  for (const witness of facts.witnesses) {
    if (witness.uplink === undefined) continue;
    const key = `${witness.uplink} ${witness.family}`;
    asked.set(key, [...(asked.get(key) ?? []), witness]);
  }
  const routed = (family: Family) => facts.host.routes.some((route) => route.family === family);
  return [...asked].flatMap(([key, witnesses]) => {
    if (witnesses.some(({ fit, says }) => fit || says === 'absent')) return [];
    const family = witnesses[0]?.family ?? 'ipv4';
    // Where another family works, one without a default route is one that this network does not have.
    if (!routed(family) && FAMILIES.some(routed)) return [];
    const known = witnesses.find(({ says }) => says === 'known');
    const remedy =
      known === undefined
        ? 'let this host reach one of its witnesses (UDP 3478 for STUN, 53 for DNS, HTTPS), or name others'
        : 'do what the reason says, or name witnesses that know better';
    // The nearest reasons: an address that was refused, what the host has itself, the first one asked outside.
    const own = witnesses.find(({ detector }) => detector === 'interface');
    const outside = witnesses.find(({ detector }) => ['stun', 'dns', 'http'].includes(detector));
    const reasons = known === undefined ? [own, outside ?? witnesses[0]] : [known];
    const words = [...new Set(reasons)].flatMap((one) =>
      one === undefined ? [] : `${one.name}: ${one.why ?? 'no answer'}`,
    );
    return [fix(`nobody can tell the address of ${key}; ${words.join('; ')}`, remedy)];
  });
}

const RANK: Readonly<Record<Check['what'], number>> = {
  name: 0,
  tls: 1,
  connection: 2,
  credentials: 3,
  held: 4,
  defect: 5,
  server: 6,
};

/** The first thing that is wrong with a sink: what comes after it mostly follows from it. */
function sink({ sink: name, checks }: SinkReport): readonly Finding[] {
  const [worst] = checks.filter(({ state }) => state === 'bad').sort((a, b) => RANK[a.what] - RANK[b.what]);
  if (worst === undefined) return [];
  const { what, words } = worst;
  return [fix(`sink ${name}: ${words}`, remedyOf(what, worst.class, name))];
}

function remedyOf(what: Check['what'], kind: Check['class'], name: string): string {
  if (kind !== undefined) return remedyFor(kind, name);
  switch (what) {
    case 'name':
      return "check the server's name in the configuration, and that this host's resolver (/etc/resolv.conf) answers";
    case 'tls':
      return 'check the clock, the certificate of that server, and that no captive portal or proxy stands in between';
    case 'connection':
    case 'credentials':
    case 'held':
    case 'server':
    case 'defect':
      return remedyFor('unreachable', name);
  }
}

function events({ events: { source, state }, container }: Facts): readonly Finding[] {
  if (container.bridged) {
    return [
      fix(
        `this ${container.in} container has a network of its own behind a bridge (${container.why}): addresses and routes of the host, and the router's multicasts, do not show in here`,
        "give it the host's network: network_mode: host (docker run --network host); else the keep-watch and the timer are all there is",
      ),
    ];
  }
  switch (state) {
    case 'listening':
      return [];
    case 'polling':
    case 'silent':
      return [
        fix(
          `the system's events cannot be heard (${source}), so a change is noticed by looking every few seconds`,
          'install iproute2 (the real `ip`; BusyBox has no monitor) on Linux, koffi on Windows, and let netdrift start programs',
        ),
      ];
  }
}

function router({ router: found, nat, host, watch }: Facts): readonly Finding[] {
  const owned = host.interfaces.some(({ addresses: own }) =>
    own.some((one) => one.class === 'global' && !one.address.includes(':')),
  );
  if (found.kind === 'none' || owned) return [];
  const { outside, address } = found;
  if (outside?.class === 'private' || outside?.class === 'cgnat') {
    const whose = outside.class === 'cgnat' ? "the provider's (CGNAT)" : 'another router';
    return [
      better(
        `the router ${address} is itself behind a NAT, ${whose}: its outside address is ${outside.address}, and connections from outside do not arrive`,
        'ask the provider for a public IPv4 address, set the first router to bridge mode, or publish IPv6 alone',
      ),
    ];
  }
  // A router that names an outside address which is not this host's own says so itself.
  const measured = nat.some(
    (one) => one.family === 'ipv4' && one.kind === 'measured' && one.mapping !== 'none',
  );
  const translated = measured || outside !== undefined;
  if (!translated) return [];
  if (found.protocols.some(({ speaks }) => speaks)) return notices(found, noticedBy(watch));
  return [
    better(
      `the router ${address} tells nothing of its address, so a change of it is noticed ${noticedBy(watch)}`,
      'switch NAT-PMP, PCP or UPnP on at the router: a change is then heard of within a second',
    ),
  ];
}

const noticedBy = ({ every, keepWatch }: Facts['watch']): string =>
  keepWatch === undefined
    ? `by looking every ${formatDuration(every)} alone: the keep-watch is off`
    : `by asking a STUN server every ${formatDuration(keepWatch)}`;

/** A router that speaks, and may not be heard when it tells of a change. */
function notices(
  { address, notices: told }: Extract<Facts['router'], { kind: 'found' }>,
  otherwise: string,
): readonly Finding[] {
  if (told.events === 'heard' || told.multicast === 'heard') return [];
  if (told.events === 'subscribed') {
    return [
      better(
        `the router ${address} granted a subscription to its events, and the first one did not come: a change is noticed ${otherwise}`,
        `let TCP connections from ${address} to this host through its firewall`,
      ),
    ];
  }
  if (told.multicast === 'listening' || told.problems.length === 0) return [];
  return [
    better(
      `notices of the router ${address} cannot be heard (${told.problems.join('; ')}): a change is noticed ${otherwise}`,
      'let netdrift have UDP port 5350 beside the program that holds it, and the router be reached from this host',
    ),
  ];
}

/** Outside witnesses that name different addresses: somebody on the way makes one of another. */
function agreement({ witnesses }: Facts): readonly Finding[] {
  return FAMILIES.flatMap((family) => {
    const said = new Map<string, string>();
    for (const { family: own, outside, address, name, fit } of witnesses) {
      if (own === family && outside && fit && address !== undefined && !said.has(address))
        said.set(address, name);
    }
    if (said.size < 2) return [];
    const words = [...said].map(([address, name]) => `${name} says ${address}`).join(', ');
    return [
      better(
        `the witnesses of ${family} disagree: ${words}`,
        'bind the uplink to an interface if there are several ways out, or set agree: 2 so that one voice is not enough',
      ),
    ];
  });
}

function published({ sink: name, records }: SinkReport): readonly Finding[] {
  return records.flatMap(({ record, published: now, wanted, by }) => {
    if (now === undefined || wanted === undefined || sameAddresses(now as typeof wanted, wanted)) return [];
    const is = now.join(', ') || 'not there';
    return [
      better(
        `${record} at ${name} is ${is}, says ${by}, and should be ${wanted.join(', ') || 'not there'}`,
        'run netdrift (netdrift run, or once); if it runs, netdrift status tells what it waits for',
      ),
    ];
  });
}
