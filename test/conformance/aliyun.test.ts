import { aliyun } from '../../src/sinks/aliyun.ts';
import { aliyunDialect } from '../replay/dialects-signed.ts';
import { PAGE_SIZE, startFake } from '../replay/fake.ts';
import { acs3, alibabaRpc } from '../replay/signed.ts';
import { describeSinkConformance } from './suite.ts';

for (const signature of ['acs3', 'v1']) {
  describeSinkConformance(`aliyun, ${signature}`, {
    traits: aliyun.traits,
    reads: true,
    owns: true,
    pageSize: PAGE_SIZE,
    removes: true,
    troubles: ['credentials', 'rate_limited', 'server_error', 'hang', 'malformed'],
    wrongKey: { access_key_secret: 'another' },
    start: () =>
      startFake({
        dialect: aliyunDialect,
        provider: aliyun,
        names: 'relative',
        options: { access_key_id: 'testid', access_key_secret: 'testsecret', signature },
        zones: ({ name }) => ({
          PageNumber: 1,
          PageSize: 100,
          TotalCount: 1,
          RequestId: 'x',
          Domains: { Domain: [{ DomainName: name, PunyCode: name }] },
        }),
        raw: ({ id, name, type, content, number }) => ({
          RecordId: `1760620080715468${id}`,
          RR: name,
          Type: type,
          Value: content,
          TTL: 600 + number,
          Line: 'default',
          Remark: `remark ${number}`,
          Weight: 1,
          Locked: false,
          Status: 'ENABLE',
        }),
        unsigned: (request) =>
          (signature === 'v1' ? alibabaRpc : acs3)(request, { id: 'testid', secret: 'testsecret' })
            ? undefined
            : { status: 400, body: { RequestId: 'x', Code: 'SignatureDoesNotMatch', Message: 'No.' } },
        refusal: (trouble) =>
          trouble === 'credentials'
            ? { status: 404, body: { RequestId: 'x', Code: 'InvalidAccessKeyId.NotFound', Message: 'No.' } }
            : { status: 400, body: { RequestId: 'x', Code: 'Throttling.User', Message: 'No.' } },
      }),
  });
}
