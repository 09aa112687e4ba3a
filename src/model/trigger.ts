/** Why to look again. The list is closed, so that logs, metrics and documentation can name every reason. */
export type TriggerReason =
  | 'start'
  | 'interface_event'
  | 'snapshot_poll'
  | 'wake'
  | 'timer'
  | 'operator'
  | 'events_lost'
  | 'source_recovered'
  | 'router_notice'
  | 'mapping_changed';

/**
 * "Look again, because ...". An event is a hint, never data: nobody builds state from it.
 * - `poll`: act only if the new snapshot calls for it;
 * - `inject`: act whatever the snapshot says (wake, operator, a source that was deaf for a while).
 */
export interface Trigger {
  readonly reason: TriggerReason;
  /** Which source said so: `ip-monitor`, `clock`, `timer`, `signal` ... */
  readonly source: string;
  readonly mode: 'poll' | 'inject';
  /** For people: the line, the gap or the signal behind it. */
  readonly detail?: string;
}

/** Several triggers folded into one reason to look; carries the id that follows a change to its last outcome. */
export interface Look {
  readonly traceId: string;
  readonly triggers: readonly Trigger[];
  /** `inject` if any trigger was. */
  readonly mode: 'poll' | 'inject';
}
