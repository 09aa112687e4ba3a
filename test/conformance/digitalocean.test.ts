import { digitalocean } from '../../src/sinks/digitalocean.ts';
import { DIALECTS } from '../replay/dialect.ts';
import { PAGE_SIZE, startFake } from '../replay/fake.ts';
import { describeSinkConformance } from './suite.ts';

describeSinkConformance('digitalocean', {
  traits: digitalocean.traits,
  reads: true,
  owns: true,
  pageSize: PAGE_SIZE,
  removes: true,
  troubles: ['credentials', 'rate_limited', 'server_error', 'hang', 'malformed'],
  start: () =>
    startFake({
      dialect: DIALECTS.digitalocean,
      provider: digitalocean,
      names: 'relative',
      zones: ({ name }) => ({ domains: [{ name, ttl: 1_800 }], links: {}, meta: { total: 1 } }),
      raw: ({ id, name, type, content, number }) => ({
        id: Number(id),
        name,
        type,
        data: content,
        ttl: 100 + number,
        priority: null,
      }),
      refusal: (trouble) =>
        trouble === 'credentials'
          ? { status: 401, body: { id: 'unauthorized', message: 'Unable to authenticate you.' } }
          : { status: 429, body: { id: 'too_many_requests', message: 'API Rate limit exceeded.' } },
    }),
});
