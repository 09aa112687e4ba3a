import { huawei } from '../../src/sinks/huawei/provider.ts';
import { huaweiDialect } from '../replay/dialects-lines.ts';
import { PAGE_SIZE, startFake } from '../replay/fake.ts';
import { sdkHmac } from '../replay/signed.ts';
import { describeSinkConformance } from './suite.ts';

describeSinkConformance('huawei', {
  traits: huawei.traits,
  reads: true,
  owns: true,
  pageSize: PAGE_SIZE,
  removes: true,
  troubles: ['credentials', 'rate_limited', 'server_error', 'hang', 'malformed'],
  wrongKey: { secret_key: 'another' },
  start: () =>
    startFake({
      dialect: huaweiDialect,
      provider: huawei,
      names: 'absolute',
      options: { access_key: 'AKEXAMPLE', secret_key: 'a-secret-key' },
      zones: ({ id, name }) => ({
        links: {},
        metadata: { total_count: 1 },
        zones: [{ id, name: `${name}.` }],
      }),
      raw: ({ id, name, type, content, number }) => ({
        id: `set-${id}`,
        name: `${name}.`,
        type,
        ttl: 300 + number,
        records: [content],
        line: 'default_view',
        status: 'ACTIVE',
        description: `description ${number}`,
        weight: null,
      }),
      unsigned: (request) =>
        sdkHmac(request, { id: 'AKEXAMPLE', secret: 'a-secret-key' })
          ? undefined
          : {
              status: 401,
              body: {
                error_code: 'APIGW.0301',
                error_msg: 'Incorrect IAM authentication information: verify aksk signature fail',
              },
            },
      refusal: (trouble) =>
        trouble === 'credentials'
          ? {
              status: 401,
              body: { error_code: 'APIGW.0301', error_msg: 'Incorrect IAM authentication information' },
            }
          : {
              status: 429,
              body: { error_code: 'APIGW.0308', error_msg: 'The throttling threshold has been reached' },
            },
    }),
});
