import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../../src/model/address.ts';
import { planBlind } from '../../../src/sinks/plan.ts';
import { callOf, components, target } from '../../fakes/sink-call.ts';
import { mappingFor, rowNamed } from './support.ts';

interface Exchange {
  readonly request: { readonly url: string };
  readonly response: { readonly status: number; readonly body: unknown };
}

// Recorded traffic of the service (see its README for what was changed).
const folder = new URL('../../../../shared/contracts/duckdns/', import.meta.url);
const exchanges = readdirSync(folder).flatMap((file) => {
  const { exchanges: recorded } = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as {
    readonly exchanges: readonly Exchange[];
  };
  return recorded.map((exchange) => ({ file, exchange }));
});
const ofAddresses = exchanges.filter(
  ({ exchange }) => parseAddress(new URL(exchange.request.url).searchParams.get('ip') ?? '') !== undefined,
);

describe('Duck DNS as it was recorded', () => {
  it('has updates of addresses among its exchanges', () => {
    expect(ofAddresses.length).toBeGreaterThan(0);
  });

  it.each(ofAddresses.map(({ file, exchange }) => [file, exchange] as const))(
    '%s',
    async (_file, { request, response }) => {
      const recorded = new URL(request.url);
      const names = (recorded.searchParams.get('domains') ?? '')
        .split(',')
        .map((label) => `${label}.duckdns.org`);
      const sent: URL[] = [];
      const provider = rowNamed('duckdns');
      const sink = provider.create(
        { name: 'test', options: provider.options.parse(mappingFor(provider)), keys: [] },
        components,
      );
      const http = (asked: { readonly url: URL }) => {
        sent.push(asked.url);
        return Promise.resolve({ status: response.status, headers: {}, body: String(response.body) });
      };
      const address = recorded.searchParams.get('ip') ?? '';
      const results = await sink.write(planBlind(names.map((name) => target(name, address))), callOf(http));
      expect(results.map(({ kind }) => kind)).toEqual(
        names.map(() => (/NOCHANGE/.test(String(response.body)) ? 'unchanged' : 'updated')),
      );
      const query = (url: URL) =>
        Object.fromEntries([...url.searchParams].filter(([key]) => key !== 'token').toSorted());
      expect(sent.map((url) => [url.origin, url.pathname, query(url)])).toEqual([
        [recorded.origin, recorded.pathname, query(recorded)],
      ]);
    },
  );
});
