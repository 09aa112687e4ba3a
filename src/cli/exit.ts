/**
 * Exit statuses, as documented in the README. 75 and 78 are EX_TEMPFAIL and EX_CONFIG of sysexits(3), which service managers know.
 */
export const EXIT = {
  /** All that should be published is. */
  published: 0,
  /** Something could not be published, or nobody answered. */
  unpublished: 1,
  usage: 2,
  noAddress: 75,
  configuration: 78,
} as const;
