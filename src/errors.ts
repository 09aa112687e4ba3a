/**
 * The one table of errors netdrift can end or report with. Codes are stable: a retired one is never used again. `docs/errors.md`
 * lists them one for one (a test keeps it in step). Templates name what happened; remedies say what the operator can do.
 */
export const ERRORS = {
  NETDRIFT_CONFIG_UNREADABLE: {
    message: (file: string, why: string) => `cannot read ${file}: ${why}`,
    remedy: 'give the right path with --config, or make the file readable for the user netdrift runs as',
    exit: 78,
  },
  NETDRIFT_CONFIG_INVALID: {
    message: (file: string, count: string) => `${file} has ${count}`,
    remedy: 'mend each problem listed; `netdrift check` reads the file again and changes nothing',
    exit: 78,
  },
  NETDRIFT_STATE_UNUSABLE: {
    message: (folder: string, why: string) => `cannot use the state folder ${folder}: ${why}`,
    remedy: 'make it a folder that only the user netdrift runs as can read and write, or set state_dir',
    exit: 78,
  },
  NETDRIFT_ALREADY_RUNNING: {
    message: (folder: string) => `another netdrift already uses the state folder ${folder}`,
    remedy: 'stop the other one, or give this one its own state_dir',
    exit: 78,
  },
  NETDRIFT_NOT_RUNNING: {
    message: (socket: string) => `no netdrift answers at ${socket}`,
    remedy: 'start it with `netdrift run`, or name the configuration of the running one with --config',
    exit: 1,
  },
  NETDRIFT_NO_ANSWER: {
    message: (socket: string, time: string) => `the netdrift at ${socket} did not answer within ${time}`,
    remedy: 'ask again; if it lasts, its log says what it is doing, and a restart loses nothing',
    exit: 1,
  },
  NETDRIFT_SINK_START: {
    message: (sink: string, why: string) => `sink ${sink} could not start: ${why}`,
    remedy: 'mend what the message names in the configuration of that sink',
    exit: 78,
  },
} as const;

export type ErrorCode = keyof typeof ERRORS;

/** An error of the table above: `code` is what to match on, `exit` the process's exit status if it ends there. */
export class NetdriftError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'NetdriftError';
  readonly code: Code;
  readonly remedy: string;
  readonly exit: number;

  constructor(code: Code, details: Parameters<(typeof ERRORS)[Code]['message']>, options?: ErrorOptions) {
    const entry = ERRORS[code];
    super((entry.message as (...details: readonly string[]) => string)(...details), options);
    this.code = code;
    this.remedy = entry.remedy;
    this.exit = entry.exit;
  }
}
