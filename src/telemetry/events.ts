import type { LogLevel } from './logger.ts';

/**
 * The one table of event codes: what a line's `event` says, at which level it is usually written, and what it means. Codes are
 * stable; `docs/logs.md` lists them (a test keeps both, and the codes used in the source, in step).
 */
export interface EventDescription {
  readonly level: LogLevel;
  readonly meaning: string;
  /** Where a line may come at another level: said again, or grave. */
  readonly also?: readonly LogLevel[];
}

const event = (level: LogLevel, meaning: string, ...also: readonly LogLevel[]): EventDescription =>
  also.length === 0 ? { level, meaning } : { level, meaning, also };

/** Every level an event may come at, the usual one first. */
export const levelsOf = ({ level, also = [] }: EventDescription): readonly LogLevel[] => [level, ...also];

export const EVENTS = {
  started: event('info', 'the process runs; version, configuration and what it watches'),
  stopping: event('info', 'asked to stop; what is under way is aborted or finished'),
  stopped: event('info', 'the last line of a run'),
  stop_overdue: event(
    'error',
    'netdrift did not end by itself in time, because a disk or a name server hangs, and was ended by force',
  ),

  trigger_received: event('debug', 'a source said: look again; with the reason'),
  look_nothing_changed: event('debug', 'looked, and nothing calls for action'),
  look_acting: event(
    'debug',
    'looked, and something differs or the trigger demands action; with the differing fields',
  ),

  address_detected: event('debug', 'a witness named the address'),
  address_unavailable: event('warn', 'nobody could tell the address; what is published stays', 'debug'),
  address_absent: event('info', 'it is known that there is no address of this family'),
  address_refused: event('warn', 'an address was found that may not be published; with the rule', 'debug'),
  address_changed: event('info', 'the address to publish is another one now'),
  detector_failed: event('debug', 'one witness gave no answer; the next one is asked'),

  drift_found: event('warn', 'somebody else changed a record that was confirmed; it is repaired'),
  drift_unknown: event(
    'debug',
    'it could not be told what the name servers say of a record; nothing is done',
  ),
  drift_unseen: event(
    'warn',
    'several looks at the name servers in a row told nothing of any record; what somebody else changes goes unnoticed',
  ),
  drift_stays: event(
    'warn',
    'name servers still answer otherwise although the record was written again; not repeated for a day',
  ),
  write_started: event('debug', 'changes are being sent to a sink'),
  record_updated: event('info', 'the sink confirmed the new content'),
  record_unchanged: event('debug', 'the sink said that it held this content already'),
  record_pending: event('info', 'the sink accepted the change and has not carried it out yet', 'debug'),
  write_failed: event('warn', 'the sink did not take the change; with the failure class', 'error', 'debug'),
  write_unclear: event(
    'warn',
    'no clear answer: the change may have taken effect; it is checked before the next write',
    'error',
    'debug',
  ),
  write_held: event('warn', 'nothing is sent because of a hold; with its class and end', 'debug'),
  hold_released: event('info', 'a hold ended by the operator or by a changed configuration'),

  update_separated: event(
    'debug',
    'a common update was refused; each record is written by itself to find the one at fault',
  ),
  sink_defect: event(
    'error',
    'a sink failed in a way it must not: a defect of netdrift; it counts as a temporary failure',
  ),
  detector_defect: event(
    'error',
    'a detector failed in a way it must not: a defect of netdrift; its answer counts as unavailable',
  ),
  defect: event('error', 'a defect of netdrift was survived; please report it with this line'),
  session_failed: event(
    'error',
    'the session cannot start (a port may have been taken); it is tried again every second',
  ),

  sink_not_started: event(
    'error',
    'what a sink itself offers cannot be opened yet, such as its listening address; tried again, the other sinks go on',
  ),
  embedded_listening: event('info', 'the embedded name server answers; with its addresses and zones'),
  embedded_answer_failed: event('error', 'a query to the embedded name server could not be answered'),
  embedded_send_failed: event('debug', 'an answer of the embedded name server could not be sent'),
  embedded_connection_error: event('debug', 'a TCP connection to the embedded name server broke'),
  embedded_socket_error: event('warn', 'a listening socket of the embedded name server reported an error'),

  state_damaged: event(
    'error',
    'the state file could not be understood and was set aside; everything counts as unknown',
  ),
  state_unsaved: event('error', 'the state could not be written; netdrift goes on in memory and tries again'),
  state_saved_again: event('info', 'the state could be written again'),
  state_unlocked: event(
    'warn',
    'no lock could be made in the state folder (full or read-only); a second netdrift would go unnoticed',
  ),
  state_permissions_repaired: event('warn', 'the state folder was open to others and has been closed'),

  configuration_reloaded: event('info', 'the configuration was read again and is in force'),
  configuration_rejected: event(
    'error',
    'the configuration was read again and is wrong; the old one stays in force',
  ),

  configuration_ignored: event('warn', 'a changed setting cannot take effect while netdrift runs'),

  trigger_source_starting: event('debug', 'a source of triggers is being started'),
  trigger_source_listening: event('info', 'a source of triggers listens'),
  trigger_source_skipped: event(
    'debug',
    'a source of triggers does not work on this host; the next kind is tried',
  ),
  trigger_source_lost: event(
    'warn',
    'a source of triggers ended; it is started again, and netdrift polls meanwhile',
    'debug',
  ),
  trigger_source_recovered: event('info', 'a source of triggers listens again; a look follows', 'debug'),
  trigger_source_defect: event(
    'error',
    'a source of triggers failed in a way it must not: a defect of netdrift',
  ),
  trigger_line: event('trace', 'one line of a source of triggers, and how it was read'),
  polling: event('info', 'no source of triggers works here; netdrift looks at intervals'),
  snapshot_failed: event('warn', "the host's interfaces could not be read at all; the next look tries again"),
  snapshot_unreadable: event(
    'debug',
    'one source of the snapshot could not be read; another one or the last look stands in',
  ),
  interfaces_unknown: event('debug', 'this look could not list the interfaces; those of the last look stay'),
  routes_unknown: event('debug', 'this look could not tell the default routes; those of the last look stay'),
  gateway_unknown: event('debug', 'the default gateway could not be found out; the last one stays'),
  router_notice: event('debug', 'the router says that something has changed; a look follows'),
  router_notice_ignored: event(
    'info',
    'a message that claims to be from a router is not acted on; with the reason',
  ),
  router_events_subscribed: event('debug', 'the router has taken a subscription to its events (UPnP)'),
  router_events_lost: event('debug', 'the router does not keep the subscription; it is made anew'),
  router_events_silent: event('info', 'the router took the subscription and its first event did not arrive'),
  router_listener_failed: event(
    'info',
    'the port for notices of routers could not be had; it is tried again later',
  ),
  keep_watch_started: event('debug', 'a STUN server is asked regularly for the outside address from now on'),
  keep_watch_failed: event(
    'debug',
    'the regular question to a STUN server was not answered; with the reason',
  ),
  mapping_changed: event('debug', 'the regular question shows another outside address; a look follows'),
  uplink_not_bound: event(
    'warn',
    'requests of a bound uplink leave by another interface; its outside witnesses are not asked; with the remedy',
  ),
  uplink_bound: event('info', 'requests of a bound uplink leave by its interface again'),
  uplink_binding_unknown: event(
    'warn',
    'the system cannot tell by which interface a bound uplink sends; said once, then at debug',
  ),
  trigger_raw: event('trace', 'a raw event as the source gave it; shown by `netdrift watch`'),

  clock_stepped: event('info', 'the wall clock was set; no action follows'),

  log_lines_dropped: event('warn', 'the reader of the log was too slow; with the number of lines lost'),
  control_request: event('debug', 'a request came over the control socket'),
  control_unavailable: event(
    'warn',
    'there is no control socket; `status`, `trigger` and `watch` cannot reach this process',
  ),
  control_refused: event('warn', 'a request over the control socket could not be understood or served'),
} as const satisfies Record<string, EventDescription>;

export type EventCode = keyof typeof EVENTS;
