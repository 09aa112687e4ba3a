import * as z from 'zod';
import { classify } from '../../model/address.ts';
import { isBound } from '../../model/binding.ts';
import type { Reading, Witness } from '../../model/reading.ts';
import type { DetectorInit, DetectorKind } from '../contract.ts';
import { createRouterClient } from '../router/client.ts';
import { type Gateway, gatewayOf } from '../router/gateway.ts';
import type { Protocol } from '../router/memory.ts';
import type { OutsideAnswer } from '../router/outside.ts';
import { checkFamily, unavailable } from './answer.ts';

const options = z.strictObject({ pcp_mapping: z.boolean().optional() });

type Options = z.infer<typeof options>;

const TITLES: Readonly<Record<Protocol, string>> = { 'nat-pmp': 'NAT-PMP', pcp: 'PCP', upnp: 'UPnP' };

/** The router of the default route, asked for its outside address: NAT-PMP, UPnP, and PCP where its side effect is allowed. */
export const routerKind: DetectorKind<Options> = {
  name: 'router',
  title: 'the outside address of the router',
  options,
  create: (init, components) => {
    const client = components.router ?? createRouterClient(components);
    const witness: Witness = {
      detector: 'router',
      name: isBound(init) ? `router of ${init.interface ?? init.source}` : 'router',
      operator: 'the router',
      forgeable: true,
    };
    return [
      {
        witness,
        outside: true,
        read: async ({ snapshot, signal }) => {
          signal.throwIfAborted();
          if (init.family === 'ipv6') {
            return unavailable(witness, 'a router tells its IPv4 address only; IPv6 is not translated');
          }
          const found = gatewayOf(snapshot, init.family, init);
          if (found.kind === 'none') return unavailable(witness, found.why);
          const mapping = init.options.pcp_mapping === true;
          const answer = await client.outsideAddress(found.gateway, { mapping, signal });
          signal.throwIfAborted();
          return readingOf(answer, found.gateway, witness, init);
        },
      },
    ];
  },
};

function readingOf(
  answer: OutsideAnswer,
  gateway: Gateway,
  witness: Witness,
  { family }: DetectorInit<Options>,
): Reading {
  if (answer.kind === 'none') {
    return unavailable(
      { ...witness, name: gateway.address },
      `${gateway.address} does not tell: ${answer.why}`,
    );
  }
  const { address, protocol } = answer;
  // NAT-PMP repeats nothing of the question; PCP repeats 96 random bits, and UPnP runs over TCP.
  const { forgeable: _, ...trusted } = witness;
  const via: Witness = {
    ...(protocol === 'nat-pmp' ? witness : trusted),
    name: `${gateway.address} by ${TITLES[protocol]}`,
  };
  const checked = checkFamily(address, family);
  if (checked.kind === 'wrong') return unavailable(via, checked.why);
  return { kind: 'known', address, via, why: whyOf(classify(address), gateway) };
}

/** What is not global is refused further on, and the next witness asked; the reason is found here. */
function whyOf(kind: ReturnType<typeof classify>, gateway: Gateway): string {
  switch (kind) {
    case 'global':
      return `the router ${gateway.address} has it outside`;
    case 'private':
    case 'cgnat':
      return `the router ${gateway.address} is itself behind another NAT: its outside address is ${kind}`;
    default:
      return `the router ${gateway.address} says so, though it is a ${kind} address`;
  }
}
