import { route53 } from '../../src/sinks/route53/index.ts';
import { route53Dialect } from '../replay/dialects-signed.ts';
import { PAGE_SIZE, startFake } from '../replay/fake.ts';
import { sigV4 } from '../replay/signed.ts';
import { describeSinkConformance } from './suite.ts';

describeSinkConformance('route53', {
  traits: route53.traits,
  reads: true,
  owns: true,
  pageSize: PAGE_SIZE,
  removes: true,
  troubles: ['credentials', 'rate_limited', 'server_error', 'hang', 'malformed'],
  wrongKey: { secret_access_key: 'another' },
  start: () =>
    startFake({
      dialect: route53Dialect,
      provider: route53,
      names: 'absolute',
      options: { access_key_id: 'AKIDEXAMPLE', secret_access_key: 'a-secret-key' },
      zones: ({ name }) =>
        `<ListHostedZonesByNameResponse><HostedZones><HostedZone><Id>/hostedzone/Z1</Id><Name>${name}.</Name><CallerReference>x</CallerReference><Config><PrivateZone>false</PrivateZone></Config></HostedZone></HostedZones><IsTruncated>false</IsTruncated><MaxItems>100</MaxItems></ListHostedZonesByNameResponse>`,
      raw: ({ name, type, content, number }) => ({ name, type, ttl: 100 + number, values: [content] }),
      unsigned: (request) =>
        sigV4(request, { id: 'AKIDEXAMPLE', secret: 'a-secret-key' })
          ? undefined
          : {
              status: 403,
              body: '<ErrorResponse><Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code><Message>No.</Message></Error><RequestId>x</RequestId></ErrorResponse>',
            },
      refusal: (trouble) => {
        const [status, code] =
          trouble === 'credentials' ? [403, 'InvalidClientTokenId'] : [400, 'Throttling'];
        return {
          status,
          body: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>No.</Message></Error><RequestId>x</RequestId></ErrorResponse>`,
        };
      },
    }),
});
