import { afterEach, beforeEach, expect, test } from 'vitest';
import { Lab } from './support/lab.ts';
import { describeLab } from './support/needs.ts';
import { type Netdrift, startNetdrift } from './support/netdrift.ts';
import { type HomeNetwork, homeNetwork } from './support/networks.ts';
import { confirmed, dyndns2, embedded, publishedInOrder, served, settings } from './support/publishing.ts';
import { Recorder } from './support/recorder.ts';
import { startTurnserver } from './support/turn.ts';

const [FIRST, SECOND] = ['203.0.113.10', '203.0.113.99'];

describeLab('a host behind a masquerading router', ['turnserver', 'dig'], () => {
  let lab: Lab;
  let home: HomeNetwork;
  let recorder: Recorder;

  beforeEach(async () => {
    lab = await Lab.open();
    home = await homeNetwork(lab);
    recorder = await Recorder.start(lab, home.outside);
  });
  afterEach(() => lab.close());

  const start = (watch: Record<string, unknown>): Netdrift => {
    const stun = { detector: 'stun', servers: [`${home.server}:3478`] };
    const uplinks = { wan: { ipv4: ['interface', stun], allow: ['documentation'] } };
    const sinks = { local: embedded(), dyn: dyndns2(home.server, recorder.port) };
    return startNetdrift(lab, { namespace: home.host, config: settings(sinks, { uplinks, watch }) });
  };

  // Nothing on the host changes when the router gets another address: no event of the host can tell.
  test('has its new outside address published by the fallback timer, from what STUN sees', async () => {
    await startTurnserver(lab, home.outside, { addresses: [home.server] });
    const netdrift = start({ every: '1s', jitter: 0, settle: '100ms', settle_limit: '500ms' });
    await confirmed(netdrift, FIRST);
    await home.changeOutsideAddress(SECOND);
    await served(home.host, 'A', [SECOND]);
    await publishedInOrder(recorder, [FIRST, SECOND]);
    // The connection kept open since the first request died in the router; nothing may be sent on it.
    expect(recorder.requests.items.map(({ connection }) => connection)).toEqual([1, 2]);
    expect(netdrift.log.items.filter(({ event }) => event === 'write_unclear')).toEqual([]);
  });

  test('has its new outside address published when the operator asks for a look', async () => {
    await startTurnserver(lab, home.outside, { addresses: [home.server] });
    const netdrift = start({ every: '1h' });
    await confirmed(netdrift, FIRST);
    await home.changeOutsideAddress(SECOND);
    expect(await netdrift.command('trigger')).toMatchObject({ code: 0 });
    await served(home.host, 'A', [SECOND]);
    await publishedInOrder(recorder, [FIRST, SECOND]);
  });

  test('is looked for again within seconds while STUN does not answer yet, and has nothing published meanwhile', async () => {
    const netdrift = start({ every: '1h' });
    await netdrift.line({ event: 'address_unavailable' }, { timeout: 10_000 });
    await served(home.host, 'A', []);
    await startTurnserver(lab, home.outside, { addresses: [home.server] });
    await served(home.host, 'A', [FIRST], 15_000);
    await publishedInOrder(recorder, [FIRST]);
  });

  test('keeps what is published when STUN falls silent and the outside address changes unseen', async () => {
    const turn = await startTurnserver(lab, home.outside, { addresses: [home.server] });
    const netdrift = start({ every: '1h' });
    await confirmed(netdrift, FIRST);
    await turn.stop();
    await home.changeOutsideAddress(SECOND);
    const after = netdrift.log.mark();
    await netdrift.command('trigger');
    await netdrift.line({ event: 'detector_failed', detector: 'stun' }, { after, timeout: 10_000 });
    await served(home.host, 'A', [FIRST]);
    await startTurnserver(lab, home.outside, { addresses: [home.server] });
    await served(home.host, 'A', [SECOND], 15_000);
    await publishedInOrder(recorder, [FIRST, SECOND]);
  });
});
