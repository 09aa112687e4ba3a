import { describe, expect, it } from 'vitest';
import { providers as all } from '../../src/sinks/registry.ts';
import { problemsOf, providers, settingsOf, warningsOf } from './fakes.ts';

const two =
  'uplinks:\n  wan: { ipv4: [interface], ipv6: [interface], metric: 1 }\n  lte: { ipv4: [interface], agree: 2, accept_exits: [tunnel] }\n';
const sink = (more: string): string =>
  `${two}sinks:\n  local: { provider: embedded, listen: "127.0.0.1:15353", ${more} }\n`;
const dyn = (more: string): string =>
  `${two}sinks:\n  dyn: { provider: dyndns2, username: me, password: "long-password", ${more} }\n`;

describe('records that follow several uplinks', () => {
  it('have one entry for each that looks for the family, with uplink: all', () => {
    const [local] = settingsOf(sink('uplink: all, records: [home.example.org]')).sinks;
    expect(local?.records.map(({ key: { type } }) => type).sort()).toEqual(['A', 'A', 'AAAA']);
    expect(new Set(local?.records.map(({ uplink }) => uplink)).size).toBe(2);
  });

  it('have one entry that is elected, with uplink: active', () => {
    const [local] = settingsOf(
      sink('uplink: active, records: [{ name: home.example.org, types: [A] }]'),
    ).sinks;
    expect(local?.records).toMatchObject([{ uplink: 'active' }]);
  });

  it('cannot have several addresses where the provider holds one', () => {
    const holdsOne = providers.map((provider) => ({
      ...provider,
      traits: { ...provider.traits, multiple: false },
    }));
    const text = dyn('uplink: all, records: [home.example.org]');
    expect(problemsOf(text)).toEqual([]);
    const [problem] = problemsOf(text, { providers: holdsOne });
    expect(problem?.message).toContain(
      'wants the addresses of all uplinks, but provider dyndns2 holds one address a name',
    );
  });

  it('follow the only one, where there is but one', () => {
    const text =
      'uplinks: { wan: { ipv4: [interface] } }\nsinks:\n  local: { provider: embedded, listen: "127.0.0.1:15353", uplink: active, records: [home.example.org] }\n';
    expect(settingsOf(text).sinks[0]?.records).toMatchObject([{ uplink: 'wan', key: { type: 'A' } }]);
  });
});

describe('uplinks', () => {
  it('keep what is written of them', () => {
    const [wan, lte] = settingsOf(sink('uplink: all, records: [home.example.org]')).uplinks;
    expect(wan).toMatchObject({ name: 'wan', metric: 1 });
    expect(lte).toMatchObject({ name: 'lte', agree: 2, accept_exits: ['tunnel'] });
  });

  it('may be bound to one address of each family', () => {
    const of = (text: string) =>
      settingsOf(
        `uplinks: { wan: { ipv4: [interface], ${text} } }\nsinks:\n  local: { provider: embedded, listen: "127.0.0.1:15353", records: [home.example.org] }\n`,
      ).uplinks[0]?.source;
    expect(of('source: 192.0.2.1')).toEqual({ ipv4: '192.0.2.1' });
    expect(of('ipv6: [interface], source: ["2001:DB8::1", 192.0.2.1]')).toEqual({
      ipv4: '192.0.2.1',
      ipv6: '2001:db8::1',
    });
    // The interface stands for the other family.
    expect(of('ipv6: [interface], interface: eth0, source: 192.0.2.1')).toEqual({ ipv4: '192.0.2.1' });
  });

  it.each([
    ['uplinks: { wan: { ipv4: [interface], source: eth0 } }', 'is not an IP address'],
    ['uplinks: { wan: { ipv4: [interface], source: [] } }', 'is empty'],
    [
      'uplinks: { wan: { ipv4: [interface], source: [192.0.2.1, 192.0.2.2] } }',
      'has two addresses of one family',
    ],
    [
      'uplinks: { wan: { ipv6: [interface], source: "fe80::1" } }',
      'is no address that requests to the outside',
    ],
    [
      'uplinks: { wan: { ipv4: [interface], ipv6: [interface], source: 192.0.2.1 } }',
      'has no address of ipv6, which the uplink looks for',
    ],
    ['uplinks: { active: { ipv4: [interface] } }', 'is a word with a meaning of its own'],
    ['uplinks: { all: { ipv4: [interface] } }', 'is a word with a meaning of its own'],
    ['uplinks: {}', 'has no uplink'],
    ['uplinks: { wan: {} }', 'looks for no address'],
    ['uplinks: { wan: { ipv4: [interface], interface: "a/b" } }', 'is no interface name'],
    ['uplinks: { wan: { ipv4: [interface], interface: 7 } }', 'must be the name of an interface'],
    ['uplinks: { wan: { ipv4: 7 } }', 'must be'],
  ])('%s: %s', (text, message) => {
    const problems = problemsOf(
      `${text}\nsinks:\n  local: { provider: embedded, listen: "127.0.0.1:15353", records: [home.example.org] }\n`,
    );
    expect(problems.map((problem) => problem.message).join('\n')).toContain(message);
  });
});

describe('a sink that leaves through an uplink', () => {
  const bound = 'uplinks:\n  wan: { ipv4: [interface] }\n  lte: { interface: wwan0, ipv4: [interface] }\n';
  const via = (more: string): string =>
    `${bound}sinks:\n  dyn: { provider: dyndns2, username: me, password: "long-password", uplink: wan, records: [home.example.net], ${more} }\n`;
  const told = (text: string): string =>
    problemsOf(text)
      .map(({ message, remedy }) => `${message} | ${remedy}`)
      .join('\n');

  it('has its settings, and counts as a use of the uplink', () => {
    expect(settingsOf(via('via: lte')).sinks[0]?.via).toMatchObject({ name: 'lte', interface: 'wwan0' });
    expect(warningsOf(via('via: lte'))).toEqual([]);
    expect(settingsOf(via('allow: []')).sinks[0]?.via).toBeUndefined();
  });

  it('cannot leave through an unknown one, or one that is bound to nothing', () => {
    expect(told(via('via: lt'))).toBe('is no known uplink; did you mean lte? | write one of: wan, lte');
    expect(told(via('via: wan'))).toContain('names an uplink that is bound to nothing');
  });

  it.each(['embedded', 'rfc2136', 'command'])('cannot be of provider %s, and says so', (name) => {
    const unbindable = providers.map((provider) =>
      provider.name === 'dyndns2'
        ? { ...provider, traits: { ...provider.traits, bindable: false as const } }
        : provider,
    );
    expect(all.find((provider) => provider.name === name)?.traits.bindable).toBe(false);
    const [problem] = problemsOf(via('via: lte'), { providers: unbindable });
    expect(problem?.message).toContain('sends nothing that could be bound to an uplink');
  });
});

describe('listeners', () => {
  const at = (a: string, b: string): string =>
    `sinks:\n  one: { provider: embedded, listen: ${a}, records: [a.example.org] }\n  two: { provider: embedded, listen: ${b}, records: [b.example.org] }\n`;
  const clashes = (a: string, b: string): number =>
    problemsOf(at(a, b)).filter(({ message }) => message.includes('listens already')).length;

  it('cannot share a place, also where one takes every address', () => {
    expect(clashes('"127.0.0.1:53"', '"127.0.0.1:53"')).toBe(1);
    expect(clashes('"0.0.0.0:53"', '"127.0.0.1:53"')).toBe(1);
    expect(clashes('"[::1]:53"', '"[::]:53"')).toBe(1);
    expect(clashes('["127.0.0.1:53", "127.0.0.1:53"]', '"127.0.0.1:54"')).toBe(1);
  });

  it('of another port, family or of no port yet do not clash', () => {
    expect(clashes('"127.0.0.1:53"', '"127.0.0.1:54"')).toBe(0);
    expect(clashes('"0.0.0.0:53"', '"[::]:53"')).toBe(0);
    expect(clashes('"127.0.0.1:53"', '"127.0.0.2:53"')).toBe(0);
    expect(clashes('"127.0.0.1:0"', '"127.0.0.1:0"')).toBe(0);
  });
});

describe('looking for drift', () => {
  it('warns of haste, and of a resolver nobody asks', () => {
    const found = warningsOf(
      dyn('uplink: wan, drift_check: 30s, drift_resolver: 192.0.2.53, records: [home.example.org]'),
    ).map(({ path, message }) => `${path}: ${message}`);
    expect(found.join('\n')).toMatch(/drift_check: is shorter than 1m/);
    expect(found.join('\n')).toMatch(/drift_resolver: is not used/);
  });
});
