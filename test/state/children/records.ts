import { address } from '../../../src/model/address.ts';
import { fqdn } from '../../../src/model/name.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import type { RecordKey, Target } from '../../../src/model/record.ts';

export const key: RecordKey = { name: fqdn('home.example.org'), type: 'A' };
export const target = (text: string): Target => ({ key, addresses: [address(text)] });
export const updated = (text: string): Outcome => ({ ...target(text), kind: 'updated' });
