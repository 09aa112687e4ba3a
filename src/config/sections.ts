import * as z from 'zod';
import { ALLOWABLE_CLASSES } from '../model/address.ts';
import { milliseconds, minutes, seconds } from '../model/duration.ts';
import { EXITS } from '../model/exit.ts';
import { DEFAULTS } from './defaults.ts';
import { hardwareAddress, hostSuffix } from './schema-host-part.ts';
import { sourceAddresses } from './schema-source-addresses.ts';
import { domainName, duration, durationOrOff, hostPort, refuse, textReader, ttl } from './schema-types.ts';

// Timers of Node hold 2^31-1 ms, a bit under 25 days; a week leaves room for jitter and backoff.
const WEEK = minutes(7 * 24 * 60);

const span = (shortest: ReturnType<typeof seconds>, longest = WEEK) =>
  duration({ min: shortest, max: longest });

export const watchSchema = z.strictObject({
  every: span(seconds(1))
    .prefault(DEFAULTS.watch.every)
    .meta({ description: 'Look again this often even if nothing happens: the last defence.' }),
  jitter: z
    .number()
    .min(0)
    .max(1)
    .prefault(DEFAULTS.watch.jitter)
    .meta({ description: 'Share of `every` added at random, 0 to 1.' }),
  settle: span(milliseconds(0), minutes(1))
    .prefault(DEFAULTS.watch.settle)
    .meta({ description: 'Quiet time to wait for after an event before looking.' }),
  settle_limit: span(milliseconds(0), minutes(10))
    .prefault(DEFAULTS.watch.settle_limit)
    .meta({ description: 'Longest wait when events do not end.' }),
  poll: span(milliseconds(100), minutes(60))
    .prefault(DEFAULTS.watch.poll)
    .meta({ description: 'How often to look where the system gives no events.' }),
  keep_watch: durationOrOff({ min: seconds(1), max: minutes(60) })
    .prefault(DEFAULTS.watch.keep_watch)
    .meta({
      description:
        'How often to ask a STUN server behind a NAT whose router says nothing of changes, or `off`.',
    }),
});

export const detectionSchema = z.strictObject({
  deadline: span(milliseconds(100), minutes(5))
    .prefault(DEFAULTS.detection.deadline)
    .meta({ description: 'For all detectors of one uplink and family together.' }),
});

export const failoverSchema = z.strictObject({
  hold_down: span(milliseconds(0)).prefault(DEFAULTS.failover.hold_down).meta({
    description: 'How long an uplink that failed must work again before `active` records go back to it.',
  }),
  remove_after: span(milliseconds(0)).prefault(DEFAULTS.failover.remove_after).meta({
    description:
      'How long an uplink must be down before `all` records lose its address, or be known to have none before `when_absent: clear` removes it.',
  }),
});

export const logSchema = z.strictObject({
  level: z
    .enum(['trace', 'debug', 'info', 'warn', 'error'])
    .prefault(DEFAULTS.log.level)
    .meta({ description: 'Write lines of this level and above.' }),
  format: z
    .enum(['auto', 'json', 'text'])
    .prefault(DEFAULTS.log.format)
    .meta({ description: '`auto` writes text to a terminal and JSON lines elsewhere.' }),
});

const allow = z.array(z.enum(ALLOWABLE_CLASSES));

/** What uplinks and sinks are called: the name stands in logs, state and file names. */
export const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;
export const NAME_REMEDY = 'use up to 63 letters, digits, ".", "_" and "-", beginning with a letter or digit';

const INTERFACE_REMEDY = 'write the name of one interface as the system shows it, such as eth0';

/** An uplink but for its detectors, which the list of kinds must be known for. */
export const uplinkSchema = z.strictObject({
  interface: textReader(
    { description: 'Only addresses of this interface; outside requests leave from it.', examples: ['eth0'] },
    'the name of an interface',
    INTERFACE_REMEDY,
    (text) =>
      /^[^\p{Cc}/]{1,256}$/u.test(text) ? { value: text } : refuse('is no interface name', INTERFACE_REMEDY),
  ).optional(),
  source: sourceAddresses().optional(),
  allow: allow
    .prefault([...DEFAULTS.uplink.allow])
    .meta({ description: 'Address classes that count as found beside global ones.' }),
  agree: z.number().int().min(1).max(10).optional().meta({
    description: 'Independent witnesses that must name the same address before a change is published.',
  }),
  accept_exits: z
    .array(z.enum(EXITS))
    .optional()
    .meta({ description: 'Signs of a VPN or proxy exit that are no reason to refuse an address.' }),
  metric: z.number().int().min(0).optional().meta({
    description: 'The lowest is preferred by records that follow `active`; default: the order here.',
  }),
});

/** Keys of every sink whatever its provider, but for `provider` and `records`. */
export const sinkSchema = z.strictObject({
  uplink: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'The uplink of its records, unless they name one.' }),
  via: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'The uplink that requests to the provider leave through.' }),
  allow: allow
    .prefault([...DEFAULTS.sink.allow])
    .meta({ description: 'Address classes published here beside global ones.' }),
  timeout: span(milliseconds(100), minutes(10))
    .prefault(DEFAULTS.sink.timeout)
    .meta({ description: 'For one call of the provider.' }),
  minimum_gap: span(milliseconds(0))
    .prefault(DEFAULTS.sink.minimum_gap)
    .meta({ description: "Between two writes of one record; never less than the provider's own." }),
  drift_check: durationOrOff({ min: seconds(1), max: WEEK })
    .prefault(DEFAULTS.sink.drift_check)
    .meta({ description: 'How often to read what the provider really holds and repair it, or `off`.' }),
  drift_lookup: z.enum(['off', 'authoritative']).prefault(DEFAULTS.sink.drift_lookup).meta({
    description:
      "Where a provider cannot be read: `authoritative` asks the name servers of each record's zone instead.",
  }),
  drift_resolver: hostPort(53).optional().meta({
    description: 'Whom to ask which name servers a zone has. Without it, the resolvers of this host.',
  }),
  when_absent: z.enum(['keep', 'clear']).prefault(DEFAULTS.sink.when_absent).meta({
    description: 'What becomes of a record when the host is known to have no address of its family.',
  }),
  ttl: ttl().optional(),
});

export const recordSchema = z.strictObject({
  name: domainName(),
  types: z
    .array(z.enum(['A', 'AAAA']))
    .min(1)
    .optional()
    .meta({ description: 'Both families of the uplink if not given.' }),
  uplink: z.string().min(1).optional().meta({ description: 'The uplink whose address this record holds.' }),
  ttl: ttl().optional(),
  suffix: hostSuffix().optional(),
  mac: hardwareAddress().optional(),
  prefix_length: z.number().int().min(1).max(127).optional().meta({
    description:
      "With suffix: bits of the uplink's address that stand before it; default: those of its own network.",
  }),
});

/** The keys of the file, in the order of the documentation. */
export const TOP_KEYS = ['watch', 'detection', 'failover', 'uplinks', 'sinks', 'log', 'state_dir'] as const;
