import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const LIBRARIES = '/usr/lib';

/** Where Debian's package `faketime` puts its library; `undefined` if it is not installed. */
export function faketimeLibrary(): string | undefined {
  if (!existsSync(LIBRARIES)) return undefined;
  return readdirSync(LIBRARIES)
    .map((folder) => path.join(LIBRARIES, folder, 'faketime/libfaketime.so.1'))
    .find((file) => existsSync(file));
}

const HOUR = 3_600;
const YEARS = 3_650 * 24 * HOUR;

/** Seconds by which the wall clock is set. */
export const STEPS: ReadonlyArray<readonly [string, number]> = [
  ['an hour ahead', HOUR],
  ['an hour back', -HOUR],
  ['ten years ahead', YEARS],
  ['ten years back', -YEARS],
];

/** The wall clock of one process, which can be set while it runs. The other clocks are the host's. */
export class WallClock {
  readonly #file: string;

  constructor(folder: string) {
    this.#file = path.join(folder, 'wall-clock');
    this.set(0);
  }

  get env(): Readonly<Record<string, string>> {
    return {
      LD_PRELOAD: faketimeLibrary() ?? '',
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    };
  }

  /** So many seconds away from the true time. */
  set(offset: number): void {
    const next = `${this.#file}.next`;
    writeFileSync(next, `${offset < 0 ? '-' : '+'}${Math.abs(offset)}\n`);
    renameSync(next, this.#file);
  }
}

/**
 * The time since boot of one process, which can gain on its other clocks as it does when the host sleeps (CLOCK_BOOTTIME, told
 * by /proc/uptime): the file is bound over the real one in a mount namespace of its own.
 */
export class BootClock implements Disposable {
  readonly #file: string;
  readonly #began: number;
  readonly #timer: NodeJS.Timeout;
  #slept = 0;

  constructor(folder: string) {
    this.#file = path.join(folder, 'uptime');
    this.#began = Date.now();
    this.set(0);
    this.#timer = setInterval(() => this.#write(), 50);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  /** Goes before the program. */
  get wrapper(): readonly string[] {
    return ['unshare', '--mount', 'sh', '-c', `mount --bind ${this.#file} /proc/uptime && exec "$@"`, 'sh'];
  }

  /** So many seconds slept in all. */
  set(slept: number): void {
    this.#slept = slept;
    this.#write();
  }

  #write(): void {
    // In place: a file that is bound elsewhere must stay the same one. Of one length, so that it is never read half.
    const uptime = (1_000_000 + this.#slept + (Date.now() - this.#began) / 1_000).toFixed(2);
    writeFileSync(this.#file, `${uptime} ${uptime}\n`, { flag: existsSync(this.#file) ? 'r+' : 'w' });
  }
}
