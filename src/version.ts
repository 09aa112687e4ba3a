// Replaced by the build with the version of package.json; the sources run by themselves (tests) have none.
declare const __NETDRIFT_VERSION__: string | undefined;

/** The version of this netdrift: `1.2.3`, or `0.0.0-source` when it runs unbuilt. */
export const VERSION: string =
  typeof __NETDRIFT_VERSION__ === 'undefined' ? '0.0.0-source' : __NETDRIFT_VERSION__;
