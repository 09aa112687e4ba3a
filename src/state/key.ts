import { fqdn } from '../model/name.ts';
import type { RecordKey } from '../model/record.ts';

/** The inverse of `keyText`. @throws TypeError if the text is no key. */
export function keyOfText(text: string): RecordKey {
  const slash = text.lastIndexOf('/');
  const type = text.slice(slash + 1);
  if (type !== 'A' && type !== 'AAAA') throw new TypeError(`not a record key: ${text}`);
  return { name: fqdn(text.slice(0, slash)), type };
}

export function isKeyText(text: string): boolean {
  try {
    keyOfText(text);
    return true;
  } catch {
    return false;
  }
}
