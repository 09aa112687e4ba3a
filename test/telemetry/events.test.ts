import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { EVENTS, type EventDescription, levelsOf } from '../../src/telemetry/events.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

describe('the table of events', () => {
  it('is listed in docs/logs.md one for one, in the same words', () => {
    const documented = [
      ...readFileSync(join(root, 'docs/logs.md'), 'utf8').matchAll(
        /^\| `(\w+)` \| ((?:\w+)(?:, \w+)*) \| (.+) \|$/gm,
      ),
    ];
    expect(documented.map(([, code, level, meaning]) => ({ code, level, meaning }))).toEqual(
      Object.entries(EVENTS).map(([code, described]) => ({
        code,
        level: levelsOf(described).join(', '),
        meaning: described.meaning,
      })),
    );
  });

  it('holds every code that the source writes, at the levels it is written', () => {
    const events: Readonly<Record<string, EventDescription>> = EVENTS;
    const unknown: string[] = [];
    for (const file of readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts')) continue;
      const source = readFileSync(join(root, 'src', file), 'utf8');
      for (const [, level = '', code = ''] of source.matchAll(
        /\.(trace|debug|info|warn|error)\(\s*'([a-z]+(?:_[a-z]+)*)',/g,
      )) {
        const described = events[code];
        if (described === undefined || !levelsOf(described).some((one) => one === level)) {
          unknown.push(`${file}: ${level} ${code}`);
        }
      }
    }
    expect(unknown).toEqual([]);
  });
});
