import type * as z from 'zod';
import type { Fqdn } from '../../model/name.ts';
import type { RestZone } from '../rest/api.ts';
import type { Ask } from '../rest/exchange.ts';
import { collect, type PagedList } from '../rest/pages.ts';
import { unquoted } from '../rest/records.ts';
import { RestError } from '../rest/refusal.ts';
import { path, type Query } from '../rest/request.ts';
import { zonesNamed } from '../rest/zones.ts';
import { type hostedZone, type recordSet, setPage, zonePage } from './answers.ts';
import type { Options } from './options.ts';
import { plainName } from './xml.ts';

/** What a set is beside a plain list of values. */
export interface Kind {
  readonly alias: boolean;
  readonly policy: string | undefined;
}

/** From the zone of that name on, in the order of names: those of other names do no harm. */
export async function zonesOf(ask: Ask, given: Options, name?: Fqdn): Promise<readonly RestZone[]> {
  const list: PagedList<z.output<typeof zonePage>, z.output<typeof hostedZone>> = {
    schema: zonePage,
    items: ({ ListHostedZonesByNameResponse: page }) => page.HostedZones,
    next: ({ body: { ListHostedZonesByNameResponse: page } }) => {
      const over = name !== undefined && plainName(page.NextDNSName ?? '') !== name;
      if (!page.IsTruncated || over) return undefined;
      return { dnsname: page.NextDNSName, hostedzoneid: page.NextHostedZoneId };
    },
  };
  const found = await collect(ask, '/2013-04-01/hostedzonesbyname', list, { dnsname: name, maxitems: 100 });
  const usable = found
    .filter((zone) => zone.Config.PrivateZone === given.private_zone)
    .filter((zone) => name === undefined || zone.Name === name)
    .filter((zone) => given.zone_id === undefined || zone.Id === given.zone_id);
  return zonesNamed(
    usable.map(({ Name, Id }) => {
      return {
        name: Name,
        id: Id,
        extra: { several: usable.filter((zone) => zone.Name === Name).length > 1 },
      };
    }),
  );
}

export async function recordsOf(ask: Ask, zone: RestZone, name?: Fqdn) {
  // Which of them answers the world is for the registrar to say, and cannot be told from here.
  if ((zone.extra as { several: boolean }).several) {
    const message = `Route 53: ${zone.name} has several hosted zones; say which with \`zone_id\``;
    throw new RestError({ class: 'invalid', scope: 'record', message });
  }
  const list: PagedList<z.output<typeof setPage>, z.output<typeof recordSet>> = {
    schema: setPage,
    items: ({ ListResourceRecordSetsResponse: page }) => page.ResourceRecordSets,
    // The list begins at the name asked for and goes on to the end of the zone.
    next: ({ body: { ListResourceRecordSetsResponse: page } }): Query | undefined => {
      const over = name !== undefined && plainName(page.NextRecordName ?? '') !== name;
      if (!page.IsTruncated || over) return undefined;
      return { name: page.NextRecordName, type: page.NextRecordType, identifier: page.NextRecordIdentifier };
    },
  };
  const found = await collect(ask, path`/2013-04-01/hostedzone/${zone.id}/rrset`, list, {
    name,
    maxitems: 300,
  });
  return found.flatMap((set) => {
    const extra: Kind = { alias: set.AliasTarget !== undefined, policy: set.SetIdentifier };
    const values = set.ResourceRecords?.map(({ Value }) => Value) ?? [set.AliasTarget?.DNSName ?? ''];
    return values.map((value) => {
      const content = unquoted(set.Type, value);
      return { name: set.Name, type: set.Type, content, ttl: set.TTL, extra };
    });
  });
}
