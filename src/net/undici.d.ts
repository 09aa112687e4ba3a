// undici as a whole brings fetch, caches, mocks and WebSockets along; these are the only files of it that netdrift asks for.
declare module 'undici/lib/dispatcher/agent.js' {
  export { Agent as default } from 'undici';
}
declare module 'undici/lib/dispatcher/proxy-agent.js' {
  export { ProxyAgent as default } from 'undici';
}
declare module 'undici/lib/dispatcher/pool.js' {
  export { Pool as default } from 'undici';
}
declare module 'undici/lib/api/api-connect.js' {
  import type { Dispatcher } from 'undici';

  const connect: Dispatcher['connect'];
  export default connect;
}
declare module 'undici/lib/core/connect.js' {
  import type { Socket } from 'node:net';
  import type { buildConnector } from 'undici';

  /** As in its types, but for what it returns; a tunnel through a proxy gives a promise of nothing. */
  export type Connector = (
    options: buildConnector.Options,
    callback: buildConnector.Callback,
  ) => Socket | Promise<void>;
  export default function build(options?: buildConnector.BuildOptions): Connector;
}
