import { Lab } from '../test/lab/support/lab.ts';
import { now } from '../test/lab/support/moment.ts';
import { startNetdrift } from '../test/lab/support/netdrift.ts';
import type { Bench, Figure } from './support/bench.ts';
import { mebibytes, usageOf } from './support/process-usage.ts';
import {
  cloudflareTongue,
  dyndnsTongue,
  route53Tongue,
  type Tongue,
  Zones,
  ZonesServer,
} from './support/zones-server.ts';

const RECORDS = 1_000;
const DELAY = 50;
const ADDRESS = '198.51.100.7';

/** A provider, and what its documentation allows. */
interface Subject {
  readonly name: string;
  readonly tongue: Tongue;
  readonly sink: (url: string) => Readonly<Record<string, unknown>>;
  /** So many requests in so many milliseconds, if it says. */
  readonly requests?: { readonly most: number; readonly within: number };
  /** Records that one request may change. */
  readonly changes: number;
  /** Runs at most; the request limit makes one run long enough. */
  readonly runs?: number;
  readonly note?: string;
}

const SUBJECTS: readonly Subject[] = [
  {
    name: 'Cloudflare',
    tongue: cloudflareTongue,
    sink: (url) => ({ provider: 'cloudflare', token: 'a-token', endpoint: `${url}/client/v4` }),
    // https://developers.cloudflare.com/fundamentals/api/reference/limits/
    requests: { most: 1_200, within: 300_000 },
    // https://developers.cloudflare.com/dns/manage-dns-records/how-to/batch-record-changes/ (Free)
    changes: 200,
  },
  {
    name: 'Route 53',
    tongue: route53Tongue,
    sink: (url) => ({
      provider: 'route53',
      access_key_id: 'AKIDEXAMPLE',
      secret_access_key: 'a-secret-key',
      endpoint: url,
      timeout: '1m',
    }),
    // https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html#limits-api-requests
    requests: { most: 5, within: 1_000 },
    // 1,000 values in a call, those of an UPSERT counting twice.
    changes: 500,
    runs: 1,
    note: 'the limit of 5 requests a second decides: a zone takes one request to read and one to write; with `timeout: 1m`, as the page of the provider advises',
  },
  {
    name: 'dyndns2',
    tongue: dyndnsTongue,
    sink: (url) => ({
      provider: 'dyndns2',
      server: url,
      insecure_http: true,
      username: 'user',
      password: 'password',
      minimum_gap: '0s',
    }),
    // https://help.dyn.com/remote-access-api/perform-update/
    changes: 20,
  },
];

interface Run {
  readonly seconds: number;
  readonly requests: number;
  readonly memory: number;
  readonly most: number;
  readonly largest: number;
}

/** From the first request of a fresh netdrift to the answer to its last one, when all records are right and it knows. */
async function measure({ tongue, sink, requests }: Subject, count: number): Promise<Run> {
  const zones = new Zones(count, RECORDS);
  const server = await ZonesServer.start(zones, tongue, DELAY);
  const lab = await Lab.open();
  try {
    const records = zones.records.map(({ name }) => ({ name, types: ['A'] }));
    const config = {
      watch: { every: '1h' },
      uplinks: { wan: { ipv4: [{ detector: 'static', address: ADDRESS }], allow: ['documentation'] } },
      sinks: { bench: { ...sink(server.url), allow: ['documentation'], records } },
    };
    const netdrift = startNetdrift(lab, { config });
    let updated = 0;
    await netdrift.line(({ event }) => event === 'record_updated' && ++updated === RECORDS, {
      timeout: 600_000,
    });
    const ended = now();
    if (zones.wrong(ADDRESS) > 0) throw new Error(`${zones.wrong(ADDRESS)} records are still wrong`);
    return {
      seconds: (ended - (server.requests[0]?.at ?? ended)) / 1_000,
      requests: server.requests.length,
      memory: mebibytes(usageOf(Number(netdrift.process.child.pid)).residentPeak),
      most: requests === undefined ? 0 : server.most(requests.within),
      largest: server.largest(),
    };
  } finally {
    await lab.close();
    await server.close();
  }
}

export const zonesBench: Bench = {
  name: 'zones',
  about: `${RECORDS.toLocaleString('en')} records with a wrong address in one zone and in 100 zones, at ${DELAY} ms a request: from the first request to the last record known to be right`,
  missing: () => (process.platform === 'linux' ? undefined : 'memory is read from /proc'),
  async run({ runs }) {
    const figures: Figure[] = [];
    for (const subject of SUBJECTS) {
      for (const count of [1, 100]) {
        const measured: Run[] = [];
        for (let run = 0; run < Math.min(runs, subject.runs ?? 3); run += 1)
          measured.push(await measure(subject, count));
        figures.push(
          ...figuresOf(subject, `${subject.name}, ${count} zone${count === 1 ? '' : 's'}`, measured),
        );
      }
    }
    return figures;
  },
};

function figuresOf(
  { requests, changes, note }: Subject,
  title: string,
  runs: readonly Run[],
): readonly Figure[] {
  const all = (pick: (run: Run) => number) => runs.map(pick);
  return [
    { title, unit: 's', samples: all(({ seconds }) => seconds), ...(note !== undefined && { note }) },
    { title: `${title}: requests`, unit: 'count', samples: all((run) => run.requests) },
    { title: `${title}: peak memory`, unit: 'MiB', samples: all(({ memory }) => memory) },
    {
      title: `${title}: records in one request`,
      unit: 'count',
      samples: all(({ largest }) => largest),
      target: { max: changes },
    },
    ...(requests === undefined
      ? []
      : [
          {
            title: `${title}: requests in ${requests.within / 1_000} s`,
            unit: 'count' as const,
            samples: all(({ most }) => most),
            target: { max: requests.most },
          },
        ]),
  ];
}
