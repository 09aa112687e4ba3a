/**
 * Every default of the configuration, in the words of the file. They pass through the same schemas as what an operator
 * writes, and stand in the JSON Schema as they stand here.
 */
export const DEFAULTS = {
  watch: { every: '5m', jitter: 0.1, settle: '250ms', settle_limit: '3s', poll: '10s', keep_watch: '20s' },
  detection: { deadline: '5s' },
  uplinks: { wan: { ipv4: ['auto'], ipv6: ['auto'] } },
  uplink: { allow: [] },
  /** `minimum_gap` is for providers that name none of their own: a second change within it waits, a flapping link is calmed. */
  sink: {
    allow: [],
    timeout: '10s',
    minimum_gap: '5s',
    drift_check: '1h',
    drift_lookup: 'off',
    when_absent: 'keep',
  },
  failover: { hold_down: '30s', remove_after: '5m' },
  log: { level: 'info', format: 'auto' },
} as const;

/** The word that stands for `AUTO_DETECTORS` in a list of detectors. */
export const AUTO = 'auto';

/** The witnesses of `auto`, in the order to ask: who knows best first, and who is asked outside last. */
export const AUTO_DETECTORS = ['metadata', 'interface', 'router', 'stun', 'dns', 'http'] as const;

/** The uplink that records use when several exist and none is named. */
export const DEFAULT_UPLINK = 'wan';

/** What `stateFolder` looks at. */
export interface StateSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly home: string;
  /** The numeric user; `undefined` on Windows. */
  readonly uid?: number | undefined;
}

/**
 * The state folder when `state_dir` is not given: what systemd made for the service (systemd.exec(5),
 * StateDirectory=; several are joined with colons), else the place the platform keeps such things at.
 */
export function stateFolder({ env, platform, home, uid }: StateSurroundings): string {
  const given = env['STATE_DIRECTORY']?.split(':')[0];
  if (given !== undefined && given !== '') return given;
  if (platform === 'win32') return `${env['PROGRAMDATA'] ?? 'C:\\ProgramData'}\\netdrift`;
  if (uid === 0) return '/var/lib/netdrift';
  if (platform === 'darwin') return `${home}/Library/Application Support/netdrift`;
  // The XDG base directory specification: a relative path is invalid and to be ignored.
  const state = env['XDG_STATE_HOME'];
  return state?.startsWith('/') ? `${state}/netdrift` : `${home}/.local/state/netdrift`;
}
