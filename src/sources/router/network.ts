import { createSocket } from 'node:dgram';
import type { createServer, request } from 'node:http';
import { QUIET_RETRANSMISSION, type Retransmission } from '../../net/pcp/exchange.ts';
import { GATEWAY_PORT, NOTICE_PORT } from '../../net/pcp/nat-pmp.ts';
import { SEARCH_PATIENCE, type SearchPatience } from '../../net/upnp/search.ts';
import { SSDP_PORT } from '../../net/upnp/ssdp.ts';

/** What talking to a router uses of the host, and the numbers that tests make small. */
export interface RouterNetwork {
  readonly createSocket: typeof createSocket;
  readonly createServer: typeof createServer;
  readonly request: typeof request;
  readonly retransmission: Retransmission;
  readonly patience: SearchPatience;
  /** Milliseconds for one HTTP exchange with the router. */
  readonly deadline: number;
  readonly ports: { readonly gateway: number; readonly notices: number; readonly ssdp: number };
}

export const hostRouterNetwork: RouterNetwork = {
  createSocket,
  // Not imported: that would cost every start 5 ms, and most hosts never ask a router.
  get createServer() {
    return process.getBuiltinModule('node:http').createServer;
  },
  get request() {
    return process.getBuiltinModule('node:http').request;
  },
  retransmission: QUIET_RETRANSMISSION,
  patience: SEARCH_PATIENCE,
  deadline: 3_000,
  ports: { gateway: GATEWAY_PORT, notices: NOTICE_PORT, ssdp: SSDP_PORT },
};
