import { VERSION } from '../version.ts';

/** Many update servers refuse clients that do not say who they are, in which version, and where to complain. */
export const USER_AGENT = `netdrift/${VERSION} (+https://www.npmjs.com/package/netdrift)`;
