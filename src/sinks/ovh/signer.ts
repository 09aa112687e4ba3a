import { createHash } from 'node:crypto';
import type { Secret } from '../../config/secret.ts';
import { HttpFailure } from '../../net/http.ts';
import type { Authorize, SigningTools } from '../rest/api.ts';
import { RestError, unanswered } from '../rest/refusal.ts';

export interface OvhKeys {
  readonly applicationKey: Secret;
  readonly applicationSecret: Secret;
  readonly consumerKey: Secret;
}

/**
 * `$1$` and the SHA-1 of both secrets, the request and the service's time, joined with `+`.
 * https://help.ovhcloud.com/csm/en-gb-api-getting-started-ovhcloud-api
 */
export function ovhSignature(
  keys: Omit<OvhKeys, 'applicationKey'>,
  request: { readonly method: string; readonly url: URL; readonly body?: string },
  seconds: number,
): string {
  const { method, url, body = '' } = request;
  const parts = [keys.applicationSecret.reveal(), keys.consumerKey.reveal(), method, url.href, body, seconds];
  return `$1$${createHash('sha1').update(parts.join('+')).digest('hex')}`;
}

/** How long the service's time is believed; it is counted on from boot, whatever the wall clock does. */
const TIME_KEPT = 3_600_000;

/** Signs with the time of the service: a signature more than some minutes off is refused (QUERY_TIME_OUT). */
export function signer(keys: OvhKeys, base: string): { authorize: Authorize; forgetTime: () => void } {
  let known: { readonly seconds: number; readonly at: number } | undefined;

  const serviceTime = async ({ clock, http }: SigningTools): Promise<number> => {
    if (known === undefined || clock.boot() - known.at > TIME_KEPT) {
      const at = clock.boot();
      const about = { title: 'OVHcloud', mutating: false, secrets: [], wall: clock.wall() };
      const headers = { accept: 'application/json' };
      const answer = await http({ method: 'GET', url: new URL(`${base}/auth/time`), headers }).catch(
        (error) => {
          throw error instanceof HttpFailure ? unanswered(error, about) : error;
        },
      );
      if (answer.status !== 200 || !/^\d{9,12}$/.test(answer.body.trim())) {
        const message = `OVHcloud: no time from the service (status ${answer.status})`;
        throw new RestError({ class: 'transient', scope: 'sink', message }, { status: answer.status });
      }
      known = { seconds: Number(answer.body), at };
    }
    return known.seconds + Math.floor((clock.boot() - known.at) / 1_000);
  };

  return {
    forgetTime: () => {
      known = undefined;
    },
    authorize: async (request, tools) => {
      const seconds = await serviceTime(tools);
      const signed = {
        'x-ovh-application': keys.applicationKey.reveal(),
        'x-ovh-consumer': keys.consumerKey.reveal(),
        'x-ovh-timestamp': String(seconds),
        'x-ovh-signature': ovhSignature(keys, request, seconds),
      };
      return { ...request, headers: { ...request.headers, ...signed } };
    },
  };
}
