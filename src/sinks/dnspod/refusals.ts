import type { Verdict, Verdicts } from '../rest/refusal.ts';

/** What the codes mean, all of which come with status 200. https://cloud.tencent.com/document/api/1427/56192 */
export const VERDICTS: Verdicts = {
  credentials: [
    'FailedOperation.LoginFailed',
    'OperationDenied.AccessDenied',
    'InvalidParameter.LoginTokenIdError',
    'InvalidParameter.LoginTokenNotExists',
    'InvalidParameter.LoginTokenValidateFailed',
    'InvalidParameter.UserNotExists',
  ],
  not_found: [
    'InvalidParameter.DomainIdInvalid',
    'InvalidParameter.DomainInvalid',
    'InvalidParameter.RecordIdInvalid',
    'InvalidParameterValue.DomainNotExists',
  ],
  conflict: ['InvalidParameter.DomainRecordExist'],
  refused_record: [
    'FailedOperation.DomainIsLocked',
    'FailedOperation.DomainIsSpam',
    'FailedOperation.NotDomainOwner',
    'InvalidParameter.DomainInEffectOrInvalidated',
    'InvalidParameter.DomainNotAllowedModifyRecords',
    'LimitExceeded.AAAACountLimit',
    'LimitExceeded.SubdomainRollLimit',
    'OperationDenied.DomainOwnerAllowedOnly',
    'OperationDenied.IPInBlacklistNotAllowed',
    'OperationDenied.NoPermissionToOperateDomain',
  ],
  refused: [
    'FailedOperation.LoginAreaNotAllowed',
    'FailedOperation.NotRealNamedUser',
    'InvalidParameter.AccountIsBanned',
    'InvalidParameter.EmailNotVerified',
    'InvalidParameter.MobileNotVerified',
    'InvalidParameter.RequestIpLimited',
    'InvalidParameter.UnrealNameUser',
    'LimitExceeded.FailedLoginLimitExceeded',
  ],
  transient: ['FailedOperation', 'FailedOperation.UnknowError', 'InvalidParameter.OperateFailed'],
  invalid: ['InvalidParameter', 'InvalidParameter.CustomMessage', 'MissingParameter'],
};

const LISTED: ReadonlySet<string | number> = new Set(Object.values(VERDICTS).flat());

/** What a code that is not listed means, by its first word, which is common to all services of Tencent Cloud. */
export function verdictByPrefix(code: string): Verdict | undefined {
  if (LISTED.has(code)) return undefined;
  const prefix = code.slice(0, code.indexOf('.') < 0 ? undefined : code.indexOf('.'));
  switch (prefix) {
    case 'AuthFailure':
    case 'UnauthorizedOperation':
      return 'credentials';
    case 'RequestLimitExceeded':
      return 'rate_limited';
    case 'ResourceNotFound':
      return 'not_found';
    case 'InternalError':
    case 'ResourceUnavailable':
      return 'transient';
    case 'InvalidParameterValue':
    case 'LimitExceeded':
    case 'OperationDenied':
    case 'UnknownParameter':
    case 'UnsupportedOperation':
      return 'invalid';
    default:
      return undefined;
  }
}
