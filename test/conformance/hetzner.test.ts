import { hetzner } from '../../src/sinks/hetzner.ts';
import { DIALECTS } from '../replay/dialect.ts';
import { PAGE_SIZE, startFake } from '../replay/fake.ts';
import { describeSinkConformance } from './suite.ts';

describeSinkConformance('hetzner', {
  traits: hetzner.traits,
  reads: true,
  owns: true,
  pageSize: PAGE_SIZE,
  defaultTtl: true,
  removes: true,
  troubles: ['credentials', 'rate_limited', 'server_error', 'hang', 'malformed'],
  start: () =>
    startFake({
      dialect: DIALECTS.hetzner,
      provider: hetzner,
      names: 'relative',
      zones: ({ id, name }) => ({
        zones: [{ id: Number(id), name }],
        meta: { pagination: { page: 1, per_page: 50, last_page: 1, total_entries: 1 } },
      }),
      raw: ({ name, type, content, number }) => ({
        id: `${name}/${type}`,
        name,
        type,
        ttl: 100 + number,
        records: [{ value: content, comment: `comment ${number}` }],
      }),
      refusal: (trouble) =>
        trouble === 'credentials'
          ? { status: 401, body: { error: { code: 'unauthorized', message: 'unable to authenticate' } } }
          : { status: 429, body: { error: { code: 'rate_limit_exceeded', message: 'limit reached' } } },
    }),
});
