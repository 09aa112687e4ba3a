import { firstValueFrom, from, map, race, timer } from 'rxjs';
import { familyOf, parseAddress } from '../../model/address.ts';
import { FAMILIES, type Family } from '../../model/family.ts';
import type { DefaultRoute } from '../../model/snapshot.ts';
import type { Gateway, SnapshotComponents } from './contract.ts';

type Components = Pick<SnapshotComponents, 'gateway' | 'scheduler' | 'log'>;

/** Milliseconds for one answer: the reader starts a program for each question (about 3 ms when all is well). */
const DEADLINE = 2_000;

/**
 * Asks for the default gateway of both families. Every way this can fail is "could not tell" (`undefined`): the reader throws alike for a host
 * without a default route, for an on-link or multipath one, and where the program it needs is missing.
 * A question still unanswered is not asked a second time beside the first.
 */
export function gatewayReader(
  components: Components,
): () => Promise<Record<Family, readonly DefaultRoute[] | undefined>> {
  const asked = new Map<Family, Promise<readonly DefaultRoute[] | undefined>>();

  const ask = (family: Family): Promise<readonly DefaultRoute[] | undefined> => {
    const running = asked.get(family);
    if (running !== undefined) return running;
    const answer = answerOf(components, family).finally(() => asked.delete(family));
    asked.set(family, answer);
    return answer;
  };

  const within = (family: Family): Promise<readonly DefaultRoute[] | undefined> =>
    firstValueFrom(race(from(ask(family)), timer(DEADLINE, components.scheduler).pipe(map(() => undefined))));

  return async () => {
    const [ipv4, ipv6] = await Promise.all(FAMILIES.map(within));
    return { ipv4, ipv6 };
  };
}

async function answerOf(
  components: Components,
  family: Family,
): Promise<readonly DefaultRoute[] | undefined> {
  try {
    return routeOf(await components.gateway(family), family);
  } catch (error) {
    components.log.debug('gateway_unknown', `cannot tell the ${family} default gateway`, {
      family,
      error: String(error).slice(0, 200),
    });
    return undefined;
  }
}

/** The package's promises are those of programs on six systems: the types are looked at, too. */
function routeOf(answer: Gateway, family: Family): readonly DefaultRoute[] | undefined {
  const [text = '', zone] = answer.gateway.split('%');
  const gateway = parseAddress(text);
  const name: unknown = answer.int || zone;
  if (gateway === undefined || familyOf(gateway) !== family) return undefined;
  if (typeof name !== 'string' || name === '') return undefined;
  return [{ family, interface: name, gateway, metric: 0 }];
}
