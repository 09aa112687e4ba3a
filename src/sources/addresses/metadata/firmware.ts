import { readFile } from 'node:fs/promises';
import type { Cloud } from './contract.ts';

/** What the firmware says of the machine (SMBIOS, as the kernel shows it in /sys/class/dmi/id), trimmed; empty where it says nothing. */
export type Firmware = Readonly<Record<Field, string>>;

const FIELDS = [
  'sys_vendor',
  'product_name',
  'product_version',
  'bios_vendor',
  'bios_version',
  'chassis_asset_tag',
] as const;
type Field = (typeof FIELDS)[number];

const FOLDER = '/sys/class/dmi/id';
/** The kernel gives at most a page. */
const LONGEST = 4_096;

/** Reads a small text file; rejects if that cannot be done. */
export type ReadText = (path: string) => Promise<string>;

export const readText: ReadText = (path) => readFile(path, 'utf8');

/** Never rejects: a field that cannot be read is empty. These are readable for everybody; the serial numbers, which are not, are left alone. */
export async function readFirmware(read: ReadText = readText): Promise<Firmware> {
  const values = await Promise.all(
    FIELDS.map(async (field): Promise<[Field, string]> => {
      try {
        return [field, (await read(`${FOLDER}/${field}`)).slice(0, LONGEST).trim()];
      } catch {
        return [field, ''];
      }
    }),
  );
  return Object.fromEntries(values) as Record<Field, string>;
}

/** The cloud that this machine belongs to by its firmware. The first match counts: the more particular ones come first. */
export const cloudOf = (firmware: Firmware, clouds: readonly Cloud[]): Cloud | undefined =>
  clouds.find((cloud) => cloud.owns(firmware));
