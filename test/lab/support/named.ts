import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Lab } from './lab.ts';
import type { Namespace } from './namespace.ts';
import type { LabProcess } from './process.ts';

export interface Zone {
  readonly name: string;
  /** The records below the SOA and NS, in master file text. */
  readonly records?: string;
  /** What stands inside `update-policy { ... };`; without it nobody may update. */
  readonly policy?: string;
  /** Further statements of the zone block, such as `allow-update { key k; };`. */
  readonly statements?: string;
}

export interface Key {
  readonly name: string;
  /** `hmac-sha256`, `hmac-sha512`, `hmac-sha1` ... */
  readonly algorithm: string;
  /** Base64. */
  readonly secret: string;
}

export interface NamedOptions {
  /** 53 if not given; always all addresses of the namespace. */
  readonly port?: number;
  readonly zones?: readonly Zone[];
  /** In the place of `zones`. */
  readonly views?: readonly View[];
  readonly keys?: readonly Key[];
  /** Further statements of the options block. */
  readonly options?: string;
  /** Further blocks of the configuration. */
  readonly configuration?: string;
}

/** A zone as some clients see it: what each of them is told depends on where it asks from. */
export interface View {
  /** Addresses and networks of the clients. */
  readonly clients: readonly string[];
  readonly zones: readonly Zone[];
}

/** BIND 9 in a namespace, authoritative for the zones given; waits until it has loaded them. */
export async function startNamed(lab: Lab, namespace: Namespace, wanted: NamedOptions): Promise<LabProcess> {
  const folder = lab.folder('named');
  const port = wanted.port ?? 53;
  mkdirSync(path.join(folder, 'keys'));
  const zoneBlock = (zone: Zone, view = ''): string => {
    const file = path.join(folder, `${view}${zone.name}.zone`);
    writeFileSync(file, zoneText(zone));
    const policy = zone.policy === undefined ? '' : `update-policy { ${zone.policy} };`;
    return `zone "${zone.name}" { type primary; file "${file}"; ${policy} ${zone.statements ?? ''} };`;
  };
  const zones = (wanted.zones ?? []).map((zone) => zoneBlock(zone));
  const views = (wanted.views ?? []).map((view, index) => {
    const inside = view.zones.map((zone) => zoneBlock(zone, `${index}-`));
    return `view "${index}" { match-clients { ${view.clients.join('; ')}; }; ${inside.join('\n')} };`;
  });
  const keys = (wanted.keys ?? []).map(
    (key) => `key "${key.name}" { algorithm ${key.algorithm}; secret "${key.secret}"; };`,
  );
  const configuration = `
    options {
      directory "${folder}"; managed-keys-directory "${folder}/keys";
      pid-file none; session-keyfile none; lock-file none;
      listen-on port ${port} { any; }; listen-on-v6 port ${port} { any; };
      recursion no; dnssec-validation no; notify no;
      ${wanted.options ?? ''}
    };
    controls { };
    ${keys.join('\n')}
    ${zones.join('\n')}
    ${views.join('\n')}
    ${wanted.configuration ?? ''}`;
  const file = path.join(folder, 'named.conf');
  writeFileSync(file, configuration);
  const named = namespace.spawn(['named', '-f', '-g', '-n', '1', '-c', file], { folder });
  await named.line(/ running$/, 10_000);
  return named;
}

function zoneText({ name, records = '' }: Zone): string {
  return [
    `$ORIGIN ${name}.`,
    '$TTL 60',
    '@ SOA ns hostmaster 1 3600 600 86400 60',
    '@ NS ns',
    'ns A 192.0.2.53',
    records,
    '',
  ].join('\n');
}
