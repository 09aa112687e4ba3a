import { cloudflare } from '../../src/sinks/cloudflare.ts';
import { DIALECTS } from '../replay/dialect.ts';
import { PAGE_SIZE, startFake } from '../replay/fake.ts';
import { describeSinkConformance } from './suite.ts';

describeSinkConformance('cloudflare', {
  traits: cloudflare.traits,
  reads: true,
  owns: true,
  pageSize: PAGE_SIZE,
  removes: true,
  troubles: ['credentials', 'rate_limited', 'server_error', 'hang', 'malformed'],
  start: () =>
    startFake({
      dialect: DIALECTS.cloudflare,
      provider: cloudflare,
      names: 'absolute',
      zones: (zone) => ({
        success: true,
        result: [zone],
        result_info: { page: 1, per_page: 50, count: 1, total_count: 1, total_pages: 1 },
      }),
      raw: ({ number, ...record }) => ({
        ...record,
        ttl: number % 2 === 0 ? 1 : 300,
        proxied: number % 2 === 0,
        comment: `comment ${number}`,
        tags: ['owner:somebody'],
      }),
      refusal: (trouble) => {
        const [status, code] = trouble === 'credentials' ? [403, 9109] : [429, 10_429];
        return { status, body: { success: false, errors: [{ code, message: 'No.' }], result: null } };
      },
    }),
});
