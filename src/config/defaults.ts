/**
 * Every default of the configuration, in the words of the file. They pass through the same schemas as what an operator
 * writes, and stand in the JSON Schema as they stand here.
 */
export const DEFAULTS = {
  watch: { every: '5m', jitter: 0.1, settle: '250ms', settle_limit: '3s', poll: '10s' },
  detection: { deadline: '5s' },
  uplinks: { wan: { ipv4: ['interface', 'stun', 'http'], ipv6: ['interface', 'stun', 'http'] } },
  uplink: { allow: [] },
  /** A provider may demand a longer `minimum_gap` of its own. */
  sink: { allow: [], timeout: '10s', minimum_gap: '0s', when_absent: 'keep' },
  log: { level: 'info', format: 'auto' },
} as const;

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
