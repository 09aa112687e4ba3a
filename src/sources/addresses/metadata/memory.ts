import { classify, type IpAddress } from '../../../model/address.ts';
import type { InterfaceAddress, Snapshot } from '../../../model/snapshot.ts';
import { clouds } from './clouds.ts';
import type { Cloud, CloudName } from './contract.ts';
import { cloudOf, type ReadText, readFirmware } from './firmware.ts';

/** Milliseconds for which an endpoint that never answered is left alone: the first time, doubled each time, and at most. */
const PATIENCE = { first: 60_000, longest: 3_600_000 };

interface Silence {
  readonly scene: string;
  readonly times: number;
  readonly until: number;
}

/**
 * What is found out once in the life of the process, for all uplinks and families together. The firmware's word is final: a laptop never
 * becomes a cloud. An endpoint that has never answered is left alone for a while, or until the network has changed: the machine is one
 * of that cloud's, so one slow answer must not be the last word. One that has answered is asked ever after.
 */
export class CloudMemory {
  readonly #read: ReadText | undefined;
  #here: Promise<Cloud | undefined> | undefined;
  readonly #answered = new Set<CloudName>();
  readonly #silent = new Map<CloudName, Silence>();

  constructor(read?: ReadText) {
    this.#read = read;
  }

  /** The cloud this machine belongs to, by its firmware. */
  here(): Promise<Cloud | undefined> {
    this.#here ??= readFirmware(this.#read).then((firmware) => cloudOf(firmware, clouds));
    return this.#here;
  }

  /** Milliseconds by the monotonic clock for which it is to be left alone yet; 0 if it may be asked. */
  rest(cloud: Cloud, snapshot: Snapshot, now: number): number {
    const silence = this.#silent.get(cloud.name);
    return silence?.scene === sceneOf(snapshot) ? Math.max(0, silence.until - now) : 0;
  }

  noteAnswer(cloud: Cloud): void {
    this.#answered.add(cloud.name);
    this.#silent.delete(cloud.name);
  }

  noteSilence(cloud: Cloud, snapshot: Snapshot, now: number): void {
    // Two families that ask at the same time hear one silence.
    if (this.#answered.has(cloud.name) || this.rest(cloud, snapshot, now) > 0) return;
    const scene = sceneOf(snapshot);
    const before = this.#silent.get(cloud.name);
    const times = before?.scene === scene ? before.times + 1 : 0;
    const wait = Math.min(PATIENCE.longest, PATIENCE.first * 2 ** Math.min(times, 20));
    this.#silent.set(cloud.name, { scene, times, until: now + wait });
  }
}

/** What has to differ for another try. Snapshots are sorted, so equal networks give equal texts; link-local addresses say nothing of the network. */
const sceneOf = ({ interfaces, routes }: Snapshot): string =>
  JSON.stringify([
    routes,
    interfaces.map(({ name, running, addresses }) => [
      name,
      running,
      addresses.map(textOf).filter(isTelling),
    ]),
  ]);

const textOf = ({ address }: InterfaceAddress): IpAddress => address;

const isTelling = (address: IpAddress): boolean => classify(address) !== 'link_local';
