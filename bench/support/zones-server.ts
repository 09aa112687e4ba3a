import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readXml } from '../../src/net/xml.ts';
import { now, pause } from '../../test/lab/support/moment.ts';

/** A record as the bench asks for it. */
export interface BenchRecord {
  readonly id: string;
  readonly name: string;
  readonly zone: string;
  content: string;
}

/** One request as it came: when, and how many records it changes. */
export interface Counted {
  readonly at: number;
  readonly changes: number;
}

interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly body: string;
}

interface Answer {
  readonly type: string;
  readonly body: string;
  readonly changes: number;
}

/** What one provider answers, of zones and A records only; pages as long as its documentation says. */
export type Tongue = (asked: Asked, zones: Zones) => Answer;

/** Zones with the records in them. */
export class Zones {
  readonly names: readonly string[];
  readonly records: readonly BenchRecord[];
  readonly #byId: ReadonlyMap<string, BenchRecord>;

  /** Spreads the records over the zones, each with an address that is wrong. */
  constructor(zones: number, records: number) {
    this.names = Array.from({ length: zones }, (_, index) => `zone${index}.example`);
    this.records = Array.from({ length: records }, (_, index) => {
      const zone = this.names[index % zones] ?? '';
      return { id: `r${index}`, name: `h${index}.${zone}`, zone, content: '192.0.2.1' };
    });
    this.#byId = new Map(this.records.flatMap((one) => [one.id, one.name].map((id) => [id, one] as const)));
  }

  of(zone: string): readonly BenchRecord[] {
    return this.records.filter((one) => one.zone === zone);
  }

  /** By identifier or name. */
  change(id: string, content: string): void {
    const record = this.#byId.get(id);
    if (record === undefined) throw new Error(`no record ${id}`);
    record.content = content;
  }

  /** How many have another address. */
  wrong(content: string): number {
    return this.records.filter((one) => one.content !== content).length;
  }
}

/** A provider on loopback that takes its time with every request, and counts. */
export class ZonesServer {
  readonly requests: Counted[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(zones: Zones, tongue: Tongue, delay: number): Promise<ZonesServer> {
    const server = createServer(async (request, response) => {
      const at = now();
      let body = '';
      for await (const part of request.setEncoding('utf8')) body += part;
      const { method = '', url = '' } = request;
      const answer = tongue({ method, url: new URL(url, 'http://server'), body }, zones);
      serving.requests.push({ at, changes: answer.changes });
      await pause(delay);
      response.writeHead(200, { 'content-type': answer.type }).end(answer.body);
    });
    const serving = new ZonesServer(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return serving;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  /** The most requests within any stretch of so many milliseconds. */
  most(within: number): number {
    const times = this.requests.map(({ at }) => at).sort((a, b) => a - b);
    let [first, most] = [0, 0];
    for (const [last, at] of times.entries()) {
      while (at - (times[first] ?? at) >= within) first += 1;
      most = Math.max(most, last - first + 1);
    }
    return most;
  }

  /** The most records changed by one request. */
  largest(): number {
    return Math.max(0, ...this.requests.map(({ changes }) => changes));
  }
}

const part = <Item>(items: readonly Item[], page: number, size: number) => ({
  items: items.slice((page - 1) * size, page * size),
  pages: Math.max(1, Math.ceil(items.length / size)),
});

/** https://developers.cloudflare.com/api/resources/dns/subresources/records/ */
export const cloudflareTongue: Tongue = ({ method, url, body }, zones) => {
  const json = (result: unknown, more: object = {}, changes = 0): Answer => ({
    type: 'application/json',
    body: JSON.stringify({ success: true, errors: [], messages: [], result, ...more }),
    changes,
  });
  const [, zone = '', , last] =
    /\/zones(?:\/([^/]+)(\/dns_records)(?:\/([^/]+))?)?$/.exec(url.pathname) ?? [];
  if (method === 'GET') {
    const page = Number(url.searchParams.get('page') ?? 1);
    const all: readonly object[] =
      zone === ''
        ? zones.names.map((name) => ({ id: name, name, status: 'active' }))
        : zones.of(zone).map(({ id, name, content }) => ({ id, name, type: 'A', content, ttl: 300 }));
    const { items, pages } = part(all, page, Number(url.searchParams.get('per_page') ?? 20));
    return json(items, { result_info: { page, total_pages: pages, total_count: all.length } });
  }
  const sent = JSON.parse(body) as { patches?: { id: string; content: string }[]; content: string };
  const patches = last === 'batch' ? (sent.patches ?? []) : [{ id: last ?? '', content: sent.content }];
  for (const { id, content } of patches) zones.change(id, content);
  return json({}, {}, patches.length);
};

/** https://docs.aws.amazon.com/Route53/latest/APIReference/ */
export const route53Tongue: Tongue = ({ method, url, body }, zones) => {
  const xml = (name: string, inside: string, changes = 0): Answer => ({
    type: 'text/xml',
    body: `<${name}>${inside}</${name}>`,
    changes,
  });
  const query = url.searchParams;
  const most = Number(query.get('maxitems') ?? 100);
  if (url.pathname.endsWith('/hostedzonesbyname')) {
    const from = Math.max(0, zones.names.indexOf(query.get('dnsname') ?? ''));
    const items = zones.names.slice(from, from + most);
    const next = zones.names[from + most];
    const listed = items.map(
      (name) =>
        `<HostedZone><Id>/hostedzone/${name}</Id><Name>${name}.</Name><Config><PrivateZone>false</PrivateZone></Config></HostedZone>`,
    );
    const more = next === undefined ? '' : `<NextDNSName>${next}</NextDNSName>`;
    return xml(
      'ListHostedZonesByNameResponse',
      `<HostedZones>${listed.join('')}</HostedZones><IsTruncated>${next !== undefined}</IsTruncated>${more}`,
    );
  }
  const zone = /hostedzone\/([^/]+)\/rrset/.exec(url.pathname)?.[1] ?? '';
  if (method === 'GET') {
    const all = zones.of(zone);
    const from = Math.max(
      0,
      all.findIndex(({ name }) => name === query.get('name')),
    );
    const next = all[from + most];
    const sets = all
      .slice(from, from + most)
      .map(
        ({ name, content }) =>
          `<ResourceRecordSet><Name>${name}.</Name><Type>A</Type><TTL>300</TTL><ResourceRecords><ResourceRecord><Value>${content}</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>`,
      );
    const more =
      next === undefined
        ? ''
        : `<NextRecordName>${next.name}</NextRecordName><NextRecordType>A</NextRecordType>`;
    return xml(
      'ListResourceRecordSetsResponse',
      `<ResourceRecordSets>${sets.join('')}</ResourceRecordSets><IsTruncated>${next !== undefined}</IsTruncated>${more}`,
    );
  }
  const changes = readXml(body).children[0]?.children.flatMap(({ children }) => children) ?? [];
  for (const { children } of changes) {
    const set = children.find(({ name }) => name === 'ResourceRecordSet')?.children ?? [];
    const name = set.find((one) => one.name === 'Name')?.text ?? '';
    const value = set.find((one) => one.name === 'ResourceRecords')?.children[0]?.children[0]?.text ?? '';
    zones.change(name.replace(/\.$/, ''), value);
  }
  return xml(
    'ChangeResourceRecordSetsResponse',
    '<ChangeInfo><Id>/change/C1</Id><Status>PENDING</Status></ChangeInfo>',
    changes.length,
  );
};

/** https://help.dyn.com/remote-access-api/perform-update/ */
export const dyndnsTongue: Tongue = ({ url }, zones) => {
  const names = (url.searchParams.get('hostname') ?? '').split(',');
  const address = url.searchParams.get('myip') ?? '';
  for (const name of names) zones.change(name, address);
  return { type: 'text/plain', body: names.map(() => `good ${address}\n`).join(''), changes: names.length };
};
