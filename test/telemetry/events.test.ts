import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { EVENTS } from '../../src/telemetry/events.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

describe('the table of events', () => {
  it('is listed in docs/logs.md one for one, in the same words', () => {
    const documented = [
      ...readFileSync(join(root, 'docs/logs.md'), 'utf8').matchAll(/^\| `(\w+)` \| (\w+) \| (.+) \|$/gm),
    ];
    expect(documented.map(([, code, level, meaning]) => ({ code, level, meaning }))).toEqual(
      Object.entries(EVENTS).map(([code, { level, meaning }]) => ({ code, level, meaning })),
    );
  });

  it('holds every code that the source writes', () => {
    const unknown: string[] = [];
    for (const file of readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts')) continue;
      const source = readFileSync(join(root, 'src', file), 'utf8');
      for (const [, code] of source.matchAll(
        /\.(?:trace|debug|info|warn|error)\(\s*'([a-z]+(?:_[a-z]+)*)',/g,
      )) {
        if (code !== undefined && !Object.hasOwn(EVENTS, code)) unknown.push(`${file}: ${code}`);
      }
    }
    expect(unknown).toEqual([]);
  });
});
