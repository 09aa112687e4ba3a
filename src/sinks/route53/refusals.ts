import * as z from 'zod';
import type { Refusal, Verdict, Verdicts } from '../rest/refusal.ts';

const text = z.string();
const problem = z.object({
  ErrorResponse: z.object({ Error: z.object({ Code: text, Message: text.default('') }) }),
});
const invalidBatch = z.object({ InvalidChangeBatch: z.object({ Messages: z.array(text) }) });

/**
 * The API reference lists them with each action; the rest are AWS's common errors:
 * https://docs.aws.amazon.com/Route53/latest/APIReference/CommonErrors.html
 */
export const VERDICTS: Verdicts = {
  credentials: [
    'AccessDenied',
    'AccessDeniedException',
    'ExpiredToken',
    'IncompleteSignature',
    'InvalidClientTokenId',
    'InvalidSignatureException',
    'MissingAuthenticationToken',
    'MissingAuthenticationTokenException',
    'NotAuthorized',
    'RequestExpired',
    'SignatureDoesNotMatch',
    'UnrecognizedClientException',
  ],
  refused: ['OptInRequired'],
  not_found: ['NoSuchHostedZone', 'NoSuchChange'],
  conflict: ['PriorRequestNotComplete', 'ConflictingDomainExists'],
  rate_limited: ['Throttling', 'ThrottlingException', 'RequestLimitExceeded', 'TooManyRequestsException'],
  transient: ['InternalFailure', 'ServiceUnavailable'],
  invalid: ['InvalidChangeBatch', 'InvalidInput', 'InvalidDomainName', 'ValidationError'],
};

/** One kind of refusal for all that is wrong with a batch; only its words tell. */
function batchVerdict(words: string): Verdict | undefined {
  if (/not found|do(?:es)? not match/i.test(words)) return 'conflict';
  if (/conflicts with other records|is not permitted/i.test(words)) return 'refused_record';
  return undefined;
}

export function refusalOf(body: unknown): Refusal | undefined {
  const messages = invalidBatch.safeParse(body).data?.InvalidChangeBatch.Messages;
  const error = problem.safeParse(body).data?.ErrorResponse.Error;
  const code = messages === undefined ? error?.Code : 'InvalidChangeBatch';
  if (code === undefined) return undefined;
  const message = messages?.join('; ') ?? error?.Message ?? '';
  return {
    code,
    message,
    verdict: code === 'InvalidChangeBatch' ? batchVerdict(message) : undefined,
    whole: code === 'PriorRequestNotComplete',
  };
}
