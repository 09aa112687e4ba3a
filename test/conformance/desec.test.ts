import { desec } from '../../src/sinks/desec.ts';
import { desecDialect } from '../replay/dialects-signed.ts';
import { PAGE_SIZE, startFake } from '../replay/fake.ts';
import { describeSinkConformance } from './suite.ts';

describeSinkConformance('desec', {
  traits: desec.traits,
  reads: true,
  owns: true,
  pageSize: PAGE_SIZE,
  removes: true,
  troubles: ['credentials', 'rate_limited', 'server_error', 'hang', 'malformed'],
  start: () =>
    startFake({
      dialect: desecDialect,
      provider: desec,
      names: 'relative',
      options: { token: 'token-token' },
      zones: ({ name }) => [{ name, minimum_ttl: 3_600 }],
      raw: ({ name, type, content, number }) => ({
        subname: name === '@' ? '' : name,
        type,
        ttl: 3_600 + number,
        records: [content],
      }),
      refusal: (trouble) =>
        trouble === 'credentials'
          ? { status: 401, body: { detail: 'Invalid token.' } }
          : { status: 429, body: { detail: 'Request was throttled. Expected available in 1234 seconds.' } },
    }),
});
