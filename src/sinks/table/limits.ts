import { Secret } from '../../config/secret.ts';
import { formatDuration } from '../../model/duration.ts';
import type { Fqdn } from '../../model/name.ts';
import type { Failure } from '../../model/outcome.ts';
import type { HttpRequest } from '../../net/http.ts';
import type { SinkComponents } from '../contract.ts';
import { accountKey, gateOf } from '../rest/gate.ts';
import { sleep } from '../rest/sleep.ts';
import type { Account } from './checks.ts';
import type { RequestLimit, Service } from './service.ts';

/** Longest wait inside a call; beyond it the lane is told when to come back. */
const PATIENCE = 5_000;

/** Keeps the requests of one account within the limits of its service, however many sinks share it. */
export interface Turns {
  /** Lets a request for these names leave, and counts it, as soon as the limits allow; answers the failure if that takes too long. */
  take(request: HttpRequest, names: readonly Fqdn[], signal: AbortSignal): Promise<Failure | undefined>;
  /** The request never left: nobody has counted it. */
  giveBack(request: HttpRequest, names: readonly Fqdn[]): void;
}

export function turnsOf(
  { url, limits = [] }: Pick<Service, 'url' | 'limits'>,
  { username = '', password, token }: Account,
  components: Pick<SinkComponents, 'clock' | 'sleep'>,
): Turns {
  const { clock } = components;
  const login = new Secret([username, password?.reveal(), token?.reveal()].join('\n'));
  // The limits are part of the key: after a change of the configuration the new ones hold.
  const account = accountKey(JSON.stringify(limits), new URL(url.replaceAll(/[{}]/g, '')).origin, login);
  const ofAccount = limits.filter((limit) => limit.for === 'account');
  const ofName = limits.filter((limit) => limit.for === 'name');
  const gatesFor = (names: readonly Fqdn[]) => [
    ...(ofName.length === 0 ? [] : names).map((name) => ({
      limits: ofName,
      gate: gateOf(`${account} ${name}`, ofName, clock),
    })),
    { limits: ofAccount, gate: gateOf(account, ofAccount, clock) },
  ];

  return {
    take: async (request, names, signal) => {
      const gates = gatesFor(names);
      // Looked at first, so that none counts a request that another one keeps from leaving.
      const shut = gates.find(({ gate }) => gate.wait(request) > PATIENCE);
      if (shut !== undefined) return heldBack(shut.gate.wait(request), shut.limits);
      for (const one of gates) {
        const wait = await one.gate.pass(request, PATIENCE, components.sleep ?? sleep, signal);
        if (wait > 0) return heldBack(wait, one.limits);
      }
      return undefined;
    },
    giveBack: (request, names) => {
      for (const { gate } of gatesFor(names)) gate.giveBack(request);
    },
  };
}

function heldBack(wait: number, limits: readonly RequestLimit[]): Failure {
  const whose = limits[0]?.for ?? 'account';
  const said = limits.map(({ requests, per }) => `${requests} in ${formatDuration(per)}`).join(', ');
  return {
    class: 'rate_limited',
    scope: whose === 'account' ? 'sink' : 'record',
    message: `held back to stay within the provider's request limit (${said} for each ${whose})`,
    retryAfter: Math.ceil(wait),
  };
}
