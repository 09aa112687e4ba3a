import { expect, it } from 'vitest';
import { parseAddress } from '../../../src/model/address.ts';
import { planBlind } from '../../../src/sinks/plan.ts';
import { callOf, components, target } from '../../fakes/sink-call.ts';
import { describeRecorded } from '../../replay/recorded.ts';
import { recording, scenariosOf } from '../../replay/recording.ts';
import { mappingFor, rowNamed } from './support.ts';

describeRecorded('Duck DNS as it was recorded', () => {
  const exchanges = scenariosOf('duckdns').flatMap((scenario) =>
    recording('duckdns', scenario).exchanges.map((exchange) => ({ scenario, exchange })),
  );
  const ofAddresses = exchanges.filter(
    ({ exchange }) => parseAddress(new URL(exchange.request.url).searchParams.get('ip') ?? '') !== undefined,
  );

  it('has updates of addresses among its exchanges', () => {
    expect(ofAddresses.length).toBeGreaterThan(0);
  });

  it.each(ofAddresses.map(({ scenario, exchange }) => [scenario, exchange] as const))(
    '%s',
    async (_scenario, { request, response }) => {
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
