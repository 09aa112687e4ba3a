import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fqdn } from '../../src/model/name.ts';
import { command } from '../../src/sinks/command/provider.ts';
import { isRunning } from '../fakes/processes.ts';
import { components, noHttp } from '../fakes/sink-call.ts';
import type { HeldRecord, SinkBench } from './harness.ts';
import { describeSinkConformance } from './suite.ts';

// The provider is a program that keeps its records in a file; a trouble is a file that it finds, once.
const PROGRAM = `
const fs = require('node:fs');
const folder = process.argv[2];
const { action, name, type, addresses } = JSON.parse(fs.readFileSync(0, 'utf8'));
fs.appendFileSync(folder + '/log', process.pid + '\\n');
let trouble;
try { trouble = fs.readFileSync(folder + '/trouble', 'utf8'); fs.unlinkSync(folder + '/trouble'); } catch {}
if (trouble === 'credentials') { console.error('no such key'); process.exit(77); }
if (trouble === 'server_error') { console.error('try later'); process.exit(75); }
if (trouble === 'hang') setInterval(() => {}, 1000);
else {
  const held = JSON.parse(fs.readFileSync(folder + '/held', 'utf8'));
  const rest = held.filter((each) => each.key.name !== name || each.key.type !== type);
  const made = action === 'clear' ? [] : addresses.map((content) => ({ key: { name, type }, content }));
  fs.writeFileSync(folder + '/held', JSON.stringify([...rest, ...made]));
}
`;

async function start(): Promise<SinkBench> {
  const folder = mkdtempSync(join(tmpdir(), 'netdrift-command-'));
  const held = (): HeldRecord[] => JSON.parse(readFileSync(join(folder, 'held'), 'utf8')) as HeldRecord[];
  const pids = (): readonly number[] =>
    readFileSync(join(folder, 'log'), 'utf8').trim().split('\n').filter(Boolean).map(Number);
  writeFileSync(join(folder, 'program.cjs'), PROGRAM);
  writeFileSync(join(folder, 'held'), '[]');
  appendFileSync(join(folder, 'log'), '');
  const options = command.options.parse({ command: [process.execPath, join(folder, 'program.cjs'), folder] });
  return {
    sink: command.create({ name: 'test', options, keys: [] }, components),
    http: noHttp,
    names: [fqdn('home.example.org'), fqdn('other.example.org')],
    neighbour: fqdn('myhome.example.org'),
    seed: (records) => writeFileSync(join(folder, 'held'), JSON.stringify([...held(), ...records])),
    held,
    requests: () => pids().map(() => 'write'),
    next: (_, trouble) => writeFileSync(join(folder, 'trouble'), trouble),
    // A trouble that still lies there has not been met: the program is only just starting.
    busy: () => (existsSync(join(folder, 'trouble')) ? 0 : pids().filter(isRunning).length),
    close: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

describeSinkConformance('command', {
  traits: command.traits,
  reads: false,
  removes: true,
  troubles: ['credentials', 'server_error', 'hang'],
  start,
});
