import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import dnsPacket from 'dns-packet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { namesOf } from '../../bench/peers/client.ts';
import { ddclient } from '../../bench/peers/ddclient.ts';
import { inadyn } from '../../bench/peers/inadyn.ts';
import { type Cell, measured, seconds } from '../../bench/peers/measure.ts';
import { answerTo } from '../../bench/peers/name-server.ts';
import { type Comparison, markdown, shown } from '../../bench/peers/report.ts';
import { treeUsageOf } from '../../bench/peers/tree-usage.ts';

const failed: Cell = { how: 'not measured', text: 'it did not start' };

describe('a row of the comparison', () => {
  it('has the least figure in bold, whoever reached it', () => {
    expect(shown({ cells: [measured('60 MiB', 60), measured('20 MiB', 20), measured('3 MiB', 3)] })).toEqual([
      '60 MiB',
      '20 MiB',
      '**3 MiB**',
    ]);
  });

  it('has those in bold who share the least figure', () => {
    expect(shown({ cells: [measured('a', 1), measured('b', 1.01), measured('c', 5)] })).toEqual([
      '**a**',
      '**b**',
      'c',
    ]);
  });

  it('has nothing in bold where all did the same, or only one could be measured', () => {
    expect(shown({ cells: [measured('a', 1), measured('b', 1)] })).toEqual(['a', 'b']);
    expect(shown({ cells: [measured('a', 1), failed] })).toEqual(['a', 'not measured']);
  });

  it('has a derived figure among those compared, and a failure never in bold', () => {
    const derived: Cell = { how: 'derived', text: '150 s (derived)', worth: 150 };
    const never: Cell = { how: 'measured', text: 'not within 400 s' };
    expect(shown({ cells: [measured('200 s', 200), derived, never] })).toEqual([
      '200 s',
      '**150 s (derived)**',
      'not within 400 s',
    ]);
  });
});

describe('the comparison as Markdown', () => {
  const comparison: Comparison = {
    date: '2026-11-22',
    machine: '2 x some processor',
    full: false,
    columns: [
      { name: 'one', version: '1.0', intervalSource: 'told' },
      { name: 'other', version: '2.0-3', intervalSource: 'every 5 min' },
    ],
    rows: [{ title: 'Cold start', note: 'warm caches', cells: [measured('0.4 s', 0.4), failed] }],
  };

  it('tells the date, the machine, the versions, the notes, and what could not be measured', () => {
    const text = markdown(comparison);
    expect(text).toContain('Measured 2026-11-22 on 2 x some processor; shortened run.');
    expect(text).toContain('|  | one 1.0 | other 2.0-3 |\n| --- | --- | --- |\n');
    expect(text).toContain('| Cold start | 0.4 s | not measured |');
    expect(text).toContain('- Cold start: warm caches');
    expect(text).toContain('- other: every 5 min.');
    expect(text).toContain('Not measured:\n\n- Cold start, other: it did not start');
  });

  it('does not speak of failures where there were none', () => {
    const rows = [{ title: 'Cold start', cells: [measured('a', 1), measured('b', 2)] }];
    expect(markdown({ ...comparison, rows })).not.toContain('Not measured');
  });
});

it.each([
  [0.0305, '0.030 s'],
  [1.234, '1.23 s'],
  [29.84, '29.8 s'],
  [150, '150 s'],
])('%d seconds are told as %s', (value, text) => expect(seconds(value)).toBe(text));

describe('the configuration of a peer', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'netdrift-peers-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const task = (count: number) => ({
    names: namesOf(count),
    pace: 'shortest' as const,
    provider: '203.0.113.1:80',
    folder,
    stateFolder: path.join(folder, 'state'),
  });
  const text = (file: string) => readFileSync(path.join(folder, file), 'utf8');

  it('has all names in one line for ddclient', () => {
    ddclient.prepare(task(3));
    expect(text('ddclient.conf').split('\n')).toContain(
      'host0.example.org,host1.example.org,host2.example.org',
    );
    expect(text('ddclient.conf')).toContain('daemon=60\n');
  });

  it('has at most 50 names a block for inadyn, each name once', () => {
    inadyn.prepare(task(120));
    const blocks = text('inadyn.conf')
      .split(/^custom /m)
      .slice(1);
    const names = blocks.map((block) => block.match(/host\d+\.example\.org/g) ?? []);
    expect(names.map((of) => of.length)).toEqual([50, 50, 20]);
    expect(new Set(names.flat()).size).toBe(120);
    expect(text('inadyn.conf')).toContain('period = 1\n');
  });
});

describe('the name server beyond the gateway', () => {
  const hosts = { 'provider.example.net': '203.0.113.1' };
  const ask = (name: string, type: string) => {
    const question = dnsPacket.encode({ type: 'query', id: 7, flags: 0x0100, questions: [{ name, type }] });
    return dnsPacket.decode(answerTo(question, hosts));
  };

  it('knows the address of the provider', () => {
    const { id, type, rcode, questions, answers } = ask('Provider.example.net', 'A');
    expect({ id, type, rcode }).toEqual({ id: 7, type: 'response', rcode: 'NOERROR' });
    expect(questions).toMatchObject([{ name: 'Provider.example.net', type: 'A' }]);
    expect(answers).toMatchObject([{ type: 'A', ttl: 0, data: '203.0.113.1' }]);
  });

  it('says that the provider has nothing of another type, and that no other name exists', () => {
    expect(ask('provider.example.net', 'AAAA')).toMatchObject({ rcode: 'NOERROR', answers: [] });
    expect(ask('host0.example.org', 'A')).toMatchObject({ rcode: 'NXDOMAIN', answers: [] });
  });
});

it.runIf(process.platform === 'linux')(
  'counts the children of a process in, also those that have ended',
  async () => {
    const work = 'n=0; while [ $n -lt 200000 ]; do n=$((n+1)); done';
    const child = spawn('sh', ['-c', `sh -c '${work}'; sleep 60 & echo ready; wait`], {
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    try {
      await new Promise((resolve) => child.stdout.once('data', resolve));
      const pid = Number(child.pid);
      const usage = treeUsageOf(pid);
      expect(usage.processes).toBe(2);
      // The loop ran in a child that is gone; what `sh` itself needed to start it is far less.
      expect(usage.processor).toBeGreaterThan(20);
      expect(usage.resident).toBeGreaterThan(500_000);
    } finally {
      process.kill(-Number(child.pid), 'SIGKILL');
    }
  },
);
