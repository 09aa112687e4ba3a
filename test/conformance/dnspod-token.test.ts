import { dnspodToken } from '../../src/sinks/dnspod-token/provider.ts';
import { dnspodTokenDialect } from '../replay/dialects-lines.ts';
import { PAGE_SIZE, startFake } from '../replay/fake.ts';
import { describeSinkConformance } from './suite.ts';

describeSinkConformance('dnspod-token', {
  traits: dnspodToken.traits,
  reads: true,
  owns: true,
  pageSize: PAGE_SIZE,
  removes: true,
  troubles: ['credentials', 'rate_limited', 'server_error', 'hang', 'malformed'],
  start: () =>
    startFake({
      dialect: dnspodTokenDialect,
      provider: dnspodToken,
      names: 'relative',
      options: { token: '13490,6b5976c68aba5b14a0558b77c17c3932' },
      zones: ({ id, name }) => ({
        status: { code: '1', message: 'ok' },
        info: { domain_total: 1 },
        domains: [{ id: Number(id), name, punycode: name }],
      }),
      raw: ({ id, name, type, content, number }) => ({
        id,
        name,
        type,
        value: content,
        ttl: String(600 + number),
        line: '默认',
        line_id: '0',
        weight: number,
        enabled: '1',
        mx: '0',
        remark: `remark ${number}`,
      }),
      refusal: (trouble) => {
        const code = trouble === 'credentials' ? '-1' : '-2';
        return { status: 200, body: { status: { code, message: 'No.' } } };
      },
    }),
});
