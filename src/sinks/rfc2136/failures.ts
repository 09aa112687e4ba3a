import { formatDuration } from '../../model/duration.ts';
import type { Failure } from '../../model/outcome.ts';
import { RCODE, rcodeText, TSIG_ERROR, tsigErrorText } from '../../net/dns/codes.ts';
import type { ExchangeFailure } from '../../net/dns/exchange.ts';
import { SinkError } from '../contract.ts';
import type { Reply } from './conversation.ts';

/** What was asked, for the words of a failure. */
export interface Question {
  readonly purpose: 'query' | 'update';
  /** `192.0.2.1:53`. */
  readonly server: string;
  readonly zone: string;
  readonly keyName?: string | undefined;
  readonly scope: Failure['scope'];
}

/** The failure an answer stands for; `undefined` for NOERROR. Codes: RFC 2136 section 2.2, RFC 8945 section 5. */
export function failureOf(reply: Reply, question: Question): Failure | undefined {
  switch (reply.signature.kind) {
    case 'refused':
      return signatureFailure(reply.signature.error, question);
    case 'time':
      return timeFailure(reply, reply.signature.skew, question);
    case 'none':
    case 'verified':
      return rcodeFailure(reply, question);
  }
}

function signatureFailure(error: number, { server, keyName }: Question): Failure {
  const said = `${server} does not accept the signature with key ${keyName} (${tsigErrorText(error)})`;
  const build = (failureClass: Failure['class'], remedy: string): Failure => ({
    class: failureClass,
    scope: 'sink',
    message: `${said}: ${remedy}`,
  });
  switch (error) {
    case TSIG_ERROR.BADKEY:
      return build('credentials', 'it does not know a key of this name and algorithm');
    case TSIG_ERROR.BADSIG:
      return build('credentials', 'the secret is another one there');
    case TSIG_ERROR.BADTIME:
      return build('transient', 'the clocks differ; set both by NTP');
    default:
      return build('credentials', 'compare name, algorithm and secret with those of the server');
  }
}

function timeFailure(reply: Reply, skew: number, { server, purpose }: Question): Failure {
  const side = skew > 0 ? 'ahead of' : 'behind';
  const failure: Failure = {
    class: 'transient',
    scope: 'sink',
    message: `the clock of ${server} is ${formatDuration(Math.abs(skew) * 1_000)} ${side} the one here, too much for TSIG (BADTIME): set both by NTP`,
  };
  // The server accepted our time, and only we do not accept its own: it may have done the work.
  const done = purpose === 'update' && reply.rcode === RCODE.NOERROR;
  return done ? { ...failure, unclear: true } : failure;
}

function rcodeFailure({ rcode, sendings }: Reply, question: Question): Failure | undefined {
  const { server, zone, purpose, scope, keyName } = question;
  const what = purpose === 'update' ? 'the update' : 'the query';
  const build = (failureClass: Failure['class'], words: string, own: Failure['scope'] = scope): Failure => ({
    class: failureClass,
    scope: own,
    message: `${server} answered ${rcodeText(rcode)} to ${what}: ${words}`,
  });
  switch (rcode) {
    case RCODE.NOERROR:
      return undefined;
    case RCODE.REFUSED:
      return build('credentials', refusedWords(purpose, keyName));
    case RCODE.NOTAUTH:
      return build('not_found', `it is not authoritative for ${zone}; check server and zone`, 'sink');
    case RCODE.NOTZONE:
      return build('not_found', `a name is not in zone ${zone}; check zone`);
    case RCODE.FORMERR:
    case RCODE.NOTIMP:
      return build('invalid', 'it does not understand or support this', 'sink');
    case RCODE.SERVFAIL:
      return build('transient', 'it could not carry it out; its log says why', 'sink');
    case RCODE.NXDOMAIN:
    case RCODE.YXDOMAIN:
    case RCODE.NXRRSET:
    case RCODE.YXRRSET: {
      if (sendings === 1) return build('conflict', 'the records changed since they were read');
      // An earlier copy of this very update may have made the change that its prerequisites now stumble over.
      return {
        ...build('conflict', 'it was sent more than once, and the first may have worked'),
        unclear: true,
      };
    }
    default:
      return build('transient', 'not an answer that is known here', 'sink');
  }
}

function refusedWords(purpose: Question['purpose'], keyName: string | undefined): string {
  const who = keyName === undefined ? 'this host without a key' : `key ${keyName}`;
  return purpose === 'update'
    ? `its policy does not let ${who} change these records`
    : `its policy does not let ${who} ask; allow it, or set verify: false`;
}

/** The failure behind an exchange without an acceptable answer. */
export function exchangeError(error: ExchangeFailure, purpose: Question['purpose']): SinkError {
  const failure: Failure = {
    class: error.kind === 'unreachable' ? 'unreachable' : 'transient',
    scope: 'sink',
    message: error.message,
    ...(purpose === 'update' && error.sent && { unclear: true }),
  };
  return new SinkError(failure, { cause: error });
}
