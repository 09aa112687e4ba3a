import { at } from './place.ts';
import { inadyn } from './inadyn.ts';
import { pause } from '../../test/lab/support/moment.ts';
process.once('SIGTERM', () => process.exit(143));
const c = { ...inadyn, prepare: (t: never) => [...inadyn.prepare(t), '-l', 'debug'] };
await Promise.all([50, 60, 100].map((names) => at(c, { pace: 'default', names, delay: 20 }, async (place) => {
  place.start(); await pause(6000);
  console.log(names, place.provider.updates.items.length, place.process.running, place.process.lines.items.filter(({text}) => !/Sending|resolving|GET|Host:|Auth/.test(text)).slice(-12).map(l => l.text).join('\n'));
})));
await at(c, { pace: 'default', names: 1, delay: 20 }, async (place) => {
  place.start(); await pause(130_000);
  console.log(place.process.lines.items.filter(({text}) => /Checking for IP/.test(text)).map(l => l.at));
});
