import { escapeXml } from '../../../src/net/xml.ts';
import { namecheap } from '../../../src/sinks/namecheap/provider.ts';
import type { Reply } from '../../fakes/http-server.ts';
import type { Kind } from './bench.ts';
import { held, shown, ZONE } from './zone.ts';

interface Extra {
  readonly MXPref?: string;
  readonly IsDDNSEnabled?: boolean;
  readonly IsActive?: boolean;
  readonly AssociatedAppTitle?: string;
  readonly FriendlyName?: string;
}

const xml = (status: 'OK' | 'ERROR', errors: string, response: string): Reply => ({
  status: 200,
  headers: { 'content-type': 'text/xml; charset=utf-8' },
  body: `<?xml version="1.0" encoding="utf-8"?>
<ApiResponse Status="${status}" xmlns="http://api.namecheap.com/xml.response">
  ${errors === '' ? '<Errors />' : `<Errors>${errors}</Errors>`}
  <Warnings />
  ${response === '' ? '' : `<CommandResponse>${response}</CommandResponse>`}
  <Server>TEST</Server><GMTTimeDifference>--5:00</GMTTimeDifference><ExecutionTime>0.01</ExecutionTime>
</ApiResponse>`,
});
export const xmlError = (number: number, words: string): Reply =>
  xml('ERROR', `<Error Number="${number}">${escapeXml(words)}</Error>`, '');

/** What is kept with the zone: `forgets` drops a host of that name at the next write, as a fault would, and `unlabels` all labels. */
export interface ZoneState {
  emailType: string;
  forgets?: string;
  unlabels?: boolean;
}

/** https://www.namecheap.com/support/api/methods/domains-dns/ */
export function namecheapKind(state: ZoneState = { emailType: 'MX' }): Kind {
  return {
    provider: namecheap,
    options: (endpoint) => ({
      endpoint: new URL('/xml.response', endpoint).href,
      api_user: 'somebody',
      api_key: 'the-api-key',
      client_ip: '198.51.100.1',
    }),
    service: (zone) => ({
      sort: (request) => (request.body.includes('setHosts') ? 'write' : 'read'),
      refuse: (trouble) =>
        trouble === 'credentials'
          ? xmlError(1_011_150, 'Invalid request IP: 198.51.100.1')
          : xmlError(500_000, 'Too many requests'),
      answer: (request) => {
        const form = Object.fromEntries(new URLSearchParams(request.body));
        if (form['ApiKey'] !== 'the-api-key' || form['UserName'] !== 'somebody' || !form['ClientIp']) {
          return xmlError(1_011_102, 'API Key is invalid or API access has not been enabled');
        }
        if (form['Command'] === 'namecheap.domains.getList') {
          const domain = `<Domain ID="1" Name="${ZONE}" User="somebody" IsExpired="false" IsOurDNS="true" />`;
          const paging =
            '<Paging><TotalItems>1</TotalItems><CurrentPage>1</CurrentPage><PageSize>100</PageSize></Paging>';
          return xml('OK', '', `<DomainGetListResult>${domain}</DomainGetListResult>${paging}`);
        }
        if (`${form['SLD']}.${form['TLD']}` !== ZONE)
          return xmlError(2_019_166, 'The domain is not in your account');
        if (form['Command'] === 'namecheap.domains.dns.getHosts') {
          const hosts = zone.records.map(({ id, name, type, content, ttl, extra }) => {
            const {
              MXPref = '10',
              IsDDNSEnabled = false,
              IsActive = true,
              ...labels
            } = (extra ?? {}) as Extra;
            const all = {
              HostId: id,
              Name: shown(name),
              Type: type,
              Address: content,
              MXPref,
              TTL: ttl,
              AssociatedAppTitle: labels.AssociatedAppTitle ?? '',
              FriendlyName: labels.FriendlyName ?? '',
              IsActive,
              IsDDNSEnabled,
            };
            return `<host ${Object.entries(all)
              .map(([key, value]) => `${key}="${escapeXml(String(value))}"`)
              .join(' ')} />`;
          });
          const about = `Domain="${ZONE}" EmailType="${state.emailType}" IsUsingOurDNS="true"`;
          return xml(
            'OK',
            '',
            `<DomainDNSGetHostsResult ${about}>${hosts.join('')}</DomainDNSGetHostsResult>`,
          );
        }
        // All hosts that are not in the call are deleted; mail records without their EmailType too.
        zone.records = [];
        state.emailType = form['EmailType'] ?? '';
        for (let number = 1; form[`HostName${number}`] !== undefined; number += 1) {
          const value = (name: string) => form[`${name}${number}`] ?? '';
          if (value('RecordType') === 'MX' && state.emailType === '') continue;
          if (value('HostName') === state.forgets) continue;
          const labels = ['AssociatedAppTitle', 'FriendlyName'].flatMap((label) => {
            return value(label) === '' || state.unlabels ? [] : [[label, value(label)]];
          });
          const extra = { MXPref: value('MXPref'), ...Object.fromEntries(labels) };
          const [name, type] = [held(value('HostName')), value('RecordType')];
          zone.add({ name, type, content: value('Address'), ttl: Number(value('TTL')), extra });
        }
        return xml(
          'OK',
          '',
          `<DomainDNSSetHostsResult Domain="${ZONE}" IsSuccess="true"><Warnings /></DomainDNSSetHostsResult>`,
        );
      },
    }),
    extra: (number) => ({
      MXPref: '10',
      AssociatedAppTitle: `app ${number}`,
      FriendlyName: `label ${number}`,
    }),
  };
}
export const kind: Kind = namecheapKind();
