import type { Look, Trigger, TriggerReason } from '../model/trigger.ts';

/** Keeps the first trigger of each kind: a storm of thirty thousand says no more than its first event. */
export function addTrigger(gathered: readonly Trigger[], trigger: Trigger): readonly Trigger[] {
  const { reason, source, mode } = trigger;
  const known = gathered.some((one) => one.reason === reason && one.source === source && one.mode === mode);
  return known ? gathered : [...gathered, trigger];
}

/** Several triggers as one look; asked for regardless if any of them is. */
export function lookFor(triggers: readonly Trigger[], traceId: string): Look {
  const mode = triggers.some((trigger) => trigger.mode === 'inject') ? 'inject' : 'poll';
  return { traceId, triggers, mode };
}

/** A look that also answers for an earlier one, of which nobody has heard anything yet. */
export function joined(earlier: Look | undefined, look: Look): Look {
  if (earlier === undefined) return look;
  return lookFor(look.triggers.reduce(addTrigger, earlier.triggers), look.traceId);
}

/** The same look once its first findings have been told: what is found later is told if it is new, and not regardless. */
export const afterwards = (look: Look): Look => ({ ...look, mode: 'poll' });

/** Reasons after which nobody wants to wait for a backoff to end. */
const URGENT: ReadonlySet<TriggerReason> = new Set(['start', 'operator', 'wake']);

/** True if somebody wants to know now: waits for a retry are cut short. */
export const isUrgent = ({ mode, triggers }: Look): boolean =>
  mode === 'inject' && triggers.some((trigger) => URGENT.has(trigger.reason));

/** True if a look was asked for because something may have happened, and not because time has passed. */
export const isHint = ({ triggers }: Look): boolean =>
  triggers.some(({ mode, reason }) => mode === 'inject' && reason !== 'timer');
