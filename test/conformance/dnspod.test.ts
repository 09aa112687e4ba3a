import { dnspod } from '../../src/sinks/dnspod/index.ts';
import { dnspodDialect } from '../replay/dialects-lines.ts';
import { PAGE_SIZE, startFake } from '../replay/fake.ts';
import { tc3 } from '../replay/signed.ts';
import { describeSinkConformance } from './suite.ts';

describeSinkConformance('dnspod', {
  traits: dnspod.traits,
  reads: true,
  owns: true,
  pageSize: PAGE_SIZE,
  removes: true,
  troubles: ['credentials', 'rate_limited', 'server_error', 'hang', 'malformed'],
  wrongKey: { secret_key: 'another' },
  start: () =>
    startFake({
      dialect: dnspodDialect,
      provider: dnspod,
      names: 'relative',
      options: { secret_id: 'AKIDEXAMPLE', secret_key: 'a-secret-key' },
      zones: ({ id, name }) => ({
        Response: {
          RequestId: 'x',
          DomainCountInfo: { DomainTotal: 1 },
          DomainList: [{ DomainId: Number(id), Name: name, Punycode: name }],
        },
      }),
      raw: ({ name, type, content, number }) => ({
        RecordId: number,
        Name: name,
        Type: type,
        Value: content,
        TTL: 600 + number,
        Line: '默认',
        LineId: '0',
        Weight: number,
        Remark: `remark ${number}`,
        Status: 'ENABLE',
      }),
      unsigned: (request) =>
        tc3(request, { id: 'AKIDEXAMPLE', secret: 'a-secret-key' })
          ? undefined
          : {
              status: 200,
              body: {
                Response: { RequestId: 'x', Error: { Code: 'AuthFailure.SignatureFailure', Message: 'No.' } },
              },
            },
      refusal: (trouble) => {
        const Code = trouble === 'credentials' ? 'AuthFailure.SecretIdNotFound' : 'RequestLimitExceeded';
        return { status: 200, body: { Response: { RequestId: 'x', Error: { Code, Message: 'No.' } } } };
      },
    }),
});
