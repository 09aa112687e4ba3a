import { classify, type IpAddress } from '../../../model/address.ts';
import type { InterfaceAddress, Snapshot } from '../../../model/snapshot.ts';
import { clouds } from './clouds.ts';
import type { Cloud, CloudName } from './contract.ts';
import { cloudOf, type ReadText, readFirmware } from './firmware.ts';

/**
 * What is found out once in the life of the process, for all uplinks and families together. The firmware's word is final: a laptop never
 * becomes a cloud. An endpoint that has never answered is left alone until the network has changed; one that has is asked ever after.
 */
export class CloudMemory {
  readonly #read: ReadText | undefined;
  #here: Promise<Cloud | undefined> | undefined;
  readonly #answered = new Set<CloudName>();
  readonly #silent = new Map<CloudName, string>();

  constructor(read?: ReadText) {
    this.#read = read;
  }

  /** The cloud this machine belongs to, by its firmware. */
  here(): Promise<Cloud | undefined> {
    this.#here ??= readFirmware(this.#read).then((firmware) => cloudOf(firmware, clouds));
    return this.#here;
  }

  /** True if it did not answer when the network was as it is now, and never did otherwise. */
  isSilent(cloud: Cloud, snapshot: Snapshot): boolean {
    return !this.#answered.has(cloud.name) && this.#silent.get(cloud.name) === sceneOf(snapshot);
  }

  noteAnswer(cloud: Cloud): void {
    this.#answered.add(cloud.name);
    this.#silent.delete(cloud.name);
  }

  noteSilence(cloud: Cloud, snapshot: Snapshot): void {
    if (!this.#answered.has(cloud.name)) this.#silent.set(cloud.name, sceneOf(snapshot));
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
