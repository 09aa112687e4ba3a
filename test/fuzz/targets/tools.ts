import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Secret } from '../../../src/config/secret.ts';
import { serviceAccountOf } from '../../../src/sinks/google/key.ts';
import { readRoute } from '../../../src/sources/addresses/bound-route.ts';
import { hostileText } from '../support/mutate.ts';
import { type FuzzTarget, target } from '../support/target.ts';

const ROUTES = [
  '192.0.2.1 via 198.51.100.1 dev eth0 src 198.51.100.10 uid 0 \n    cache \n',
  '2001:db8::1 from :: via fe80::1 dev eth0 proto ra src 2001:db8:1::10 metric 1024 pref medium\n',
  'RTNETLINK answers: Network is unreachable\n',
];
const KEY = JSON.stringify({
  type: 'service_account',
  project_id: 'a-project',
  private_key: '-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n',
  client_email: 'a@a-project.example',
});

export const toolTargets: readonly FuzzTarget[] = [
  target({
    name: 'ip route get',
    reads: 'the system',
    inputs: fc.tuple(fc.constantFrom(0, 2), hostileText(ROUTES), hostileText(ROUTES)),
    check: ([code, stdout, stderr]) => {
      const verdict = readRoute({ code, stdout, stderr }, { device: 'eth0', near: () => true });
      if (verdict?.kind === 'holds') assert.match(stdout, /\sdev\s+eth0(?:\s|$)/);
    },
  }),
  target({
    name: 'key file of a service account',
    reads: 'a file',
    inputs: hostileText([KEY]),
    check: (text) => {
      try {
        assert.match(serviceAccountOf(new Secret(text)).private_key, /PRIVATE KEY/);
      } catch (error) {
        assert.ok(error instanceof TypeError, String(error));
        assert.equal(error.message, 'not the key file of a service account');
      }
    },
  }),
];
