import { aliyun } from './aliyun.ts';
import type { Provider } from './contract.ts';
import { desec } from './desec.ts';
import { dnspod } from './dnspod/index.ts';
import { dnspodToken } from './dnspod-token.ts';
import { huawei } from './huawei.ts';
import { route53 } from './route53/index.ts';
import { scaleway } from './scaleway.ts';

/** REST providers whose requests are signed, or that write whole record sets and batches. */
export const providersA: readonly Provider[] = [
  aliyun,
  desec,
  dnspod,
  dnspodToken,
  huawei,
  route53,
  scaleway,
];
