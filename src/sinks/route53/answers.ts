import * as z from 'zod';
import { plainName } from './xml.ts';

const text = z.string();
const truth = z.enum(['true', 'false']).transform((word) => word === 'true');
const number = z.coerce.number().int();

/** https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListHostedZonesByName.html */
export const hostedZone = z.object({
  Id: text.transform((id) => id.replace('/hostedzone/', '')),
  Name: text.transform(plainName),
  Config: z.object({ PrivateZone: truth }),
});
export const zonePage = z.object({
  ListHostedZonesByNameResponse: z.object({
    HostedZones: z.array(hostedZone),
    IsTruncated: truth,
    NextDNSName: text.optional(),
    NextHostedZoneId: text.optional(),
  }),
});

/** https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSets.html */
export const recordSet = z.object({
  Name: text.transform(plainName),
  Type: text,
  TTL: number.optional(),
  SetIdentifier: text.optional(),
  ResourceRecords: z.array(z.object({ Value: text })).optional(),
  AliasTarget: z.object({ DNSName: text }).optional(),
});
export const setPage = z.object({
  ListResourceRecordSetsResponse: z.object({
    ResourceRecordSets: z.array(recordSet),
    IsTruncated: truth,
    NextRecordName: text.optional(),
    NextRecordType: text.optional(),
    NextRecordIdentifier: text.optional(),
  }),
});

export const info = z.object({ ChangeInfo: z.object({ Id: text, Status: z.enum(['PENDING', 'INSYNC']) }) });
export const changed = z.object({ ChangeResourceRecordSetsResponse: info });
export const progress = z.object({ GetChangeResponse: info });
