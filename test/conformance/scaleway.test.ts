import { scaleway } from '../../src/sinks/scaleway.ts';
import { scalewayDialect } from '../replay/dialects-signed.ts';
import { PAGE_SIZE, startFake } from '../replay/fake.ts';
import { describeSinkConformance } from './suite.ts';

describeSinkConformance('scaleway', {
  traits: scaleway.traits,
  reads: true,
  owns: true,
  pageSize: PAGE_SIZE,
  removes: true,
  troubles: ['credentials', 'rate_limited', 'server_error', 'hang', 'malformed'],
  start: () =>
    startFake({
      dialect: scalewayDialect,
      provider: scaleway,
      names: 'relative',
      options: { secret_key: 'a-secret-key' },
      zones: ({ name }) => ({ total_count: 1, dns_zones: [{ domain: name, subdomain: '' }] }),
      raw: ({ id, name, type, content, number }) => ({
        id: `uuid-${id}`,
        name: name === '@' ? '' : name,
        type,
        data: content,
        ttl: 300 + number,
        priority: 0,
        comment: `comment ${number}`,
        geo_ip_config: null,
        updated_at: '2026-01-01T00:00:00Z',
      }),
      refusal: (trouble) =>
        trouble === 'credentials'
          ? {
              status: 401,
              body: { type: 'denied_authentication', method: 'api_key', reason: 'not_found', message: 'No.' },
            }
          : { status: 429, body: { type: 'too_many_requests', message: 'No.' } },
    }),
});
