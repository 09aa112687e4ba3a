// Stands for the package `ip`, by an override in package.json: all its versions have an advisory (CVE-2024-29415, isPublic) and no successor. What stun calls
// of it is this one function.
'use strict';

/**
 * The text of an address of 4 or 16 octets; RFC 5952 form where it matters to nobody but readers: the longest run of zeros is not
 * sought, the first one of two groups or more is shortened.
 */
exports.toString = (octets) => {
  if (octets.length === 4) return [...octets].join('.');
  if (octets.length !== 16) return '';
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((octets[2 * index] << 8) | octets[2 * index + 1]).toString(16),
  );
  return groups.join(':').replace(/(^|:)0(:0)+(:|$)/, '::');
};
