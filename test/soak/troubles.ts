import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import type { Said } from '../faults/support/resolver.ts';
import { pause } from '../lab/support/moment.ts';
import type { Chance } from './random.ts';
import type { Shown, SoakScene } from './scene.ts';

/** Something that goes wrong for a while and is mended at the end, whatever happens meanwhile. */
export interface Trouble {
  readonly name: string;
  /** Two of one kind never meet: they would mend each other. */
  readonly kind: 'loose' | 'strict' | 'far' | 'network' | 'process';
  run(scene: SoakScene, chance: Chance): Promise<void>;
}

const LOOSE = [
  'word okidoki',
  'word dnserror',
  'page',
  'empty',
  'halfBody',
  'shortLength',
  'longLength',
  'noHttp',
  'reset',
  'hangBeforeHeaders',
  'hangAfterHeaders',
  'slowOctets',
  'status 500 Broken',
  'status 502 Bad Gateway',
  'status 503 Busy',
  'status 301 Moved Permanently',
  'wait 503 1',
  'wait 429 1',
];

/** After these nothing comes until the operator has released the sink, or the time named is over. */
const STRICT = [
  'word badauth',
  'word abuse',
  'word nohost',
  'word 911',
  'status 401 No',
  'status 403 No',
  'wait 429 2',
];

const provider = (kind: 'loose' | 'strict', script: string): Trouble => ({
  name: `${kind}: ${script}`,
  kind,
  run: async (scene, chance) => {
    const provider = scene[kind];
    await provider.script(script);
    await pause(chance.between(500, 5_000));
    await provider.script('agree');
    if (kind === 'strict') await scene.release();
  },
});

const certificate = (shown: Shown): Trouble => ({
  name: `far: certificate ${shown}`,
  kind: 'far',
  run: async ({ far, certificates }, chance) => {
    await far.certify(certificates[shown]);
    await pause(chance.between(500, 5_000));
    await far.certify(certificates.right);
  },
});

const nameServer = (said: Said & string): Trouble => ({
  name: `far: name server ${said}`,
  kind: 'far',
  run: async (scene, chance) => {
    await scene.farIs(said);
    await pause(chance.between(500, 5_000));
    await scene.farIs();
  },
});

const network = (
  name: string,
  begin: (scene: SoakScene) => Promise<void>,
  end: (scene: SoakScene) => Promise<void>,
  longest = 6_000,
): Trouble => ({
  name,
  kind: 'network',
  run: async (scene, chance) => {
    await begin(scene);
    await pause(chance.between(200, longest));
    await end(scene);
  },
});

const nothing = async (): Promise<void> => {};

/** Events without a meaning: each a line of `ip monitor`. */
function storm(): readonly string[] {
  return Array.from({ length: 400 }, (_, index) => `10.${index >> 8}.${index & 255}.1/32`).flatMap(
    (address) => [`addr add ${address} dev eth0`, `addr del ${address} dev eth0`],
  );
}

const onProcess = (name: string, run: Trouble['run']): Trouble => ({ name, kind: 'process', run });

/** For the last part of a soak: each ends the process, whose memory is measured until then. */
export const CRASHES: readonly Trouble[] = [
  onProcess('killed and started again', async (scene, chance) => {
    await pause(chance.between(0, 2_000));
    await scene.killAndStart();
  }),
];

export const TROUBLES: readonly Trouble[] = [
  ...LOOSE.map((script) => provider('loose', script)),
  ...STRICT.map((script) => provider('strict', script)),
  ...(['expired', 'another name', 'of nobody'] as const).map(certificate),
  ...(['silence', 'NXDOMAIN', 'SERVFAIL', 'garbage'] as const).map(nameServer),
  {
    name: 'loose: refuses connections',
    kind: 'loose',
    run: async ({ loose }, chance) => {
      await loose.accept(false);
      await pause(chance.between(500, 4_000));
      await loose.accept(true);
    },
  },
  network(
    'cable',
    ({ field }) => field.cableOut(),
    ({ field }) => field.cableIn(),
  ),
  network(
    'upstream drops',
    ({ field }) => field.upstream.cut('drop'),
    ({ field }) => field.upstream.mend(),
  ),
  network(
    'upstream rejects',
    ({ field }) => field.upstream.cut('reject'),
    ({ field }) => field.upstream.mend(),
  ),
  network(
    'no default route',
    ({ field }) => field.host.ip('route del default').then(nothing),
    ({ field }) => field.routes(),
  ),
  network('400 addresses come and go', ({ field }) => field.host.ipBatch(storm()), nothing, 300),
  onProcess('stopped', async ({ field }, chance) => {
    field.netdrift.signal('SIGSTOP');
    await pause(chance.between(200, 4_000));
    field.netdrift.signal('SIGCONT');
  }),
  onProcess('its ip monitor is killed', async ({ field }) => {
    const { pid } = field.netdrift.process;
    for (const child of readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')) {
      if (child !== '') process.kill(Number(child), 'SIGKILL');
    }
  }),
  onProcess('reloaded', async ({ field }) => field.netdrift.signal('SIGHUP')),
  onProcess('asked to look', async ({ field }) => field.netdrift.signal('SIGUSR1')),
  onProcess('no descriptors left', async ({ field }, chance) => {
    const { pid } = field.netdrift.process;
    const limit = (soft: number): unknown =>
      execFileSync('prlimit', ['--pid', String(pid), `--nofile=${soft}:`]);
    const before = Number(/^Max open files +(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1]);
    limit(readdirSync(`/proc/${pid}/fd`).length);
    await pause(chance.between(200, 3_000));
    limit(before);
  }),
];
