import type { IpAddress } from '../model/address.ts';
import { eui64, isGroupMac, parseMac, parseSuffix } from '../model/prefix.ts';
import { type Reader, refuse, textReader } from './schema-reader.ts';

/** `::1:2` → the bits of one host, behind the prefix of its network. */
export function hostSuffix(): Reader<IpAddress> {
  const remedy = 'write the part behind the prefix as an IPv6 address, such as ::1:2';
  const json = {
    description: "Makes it another host's record: the IPv6 prefix of the uplink with these bits behind it.",
    pattern: '^[0-9A-Fa-f:.]{2,45}$',
    examples: ['::1:2', '::1234:5678:9abc:def0'],
  };
  return textReader(json, 'the part of an address behind the prefix', remedy, (text) => {
    const value = parseSuffix(text);
    if (value === undefined) return refuse('is not an IPv6 address', remedy);
    return value === '::' ? refuse('names no host', remedy) : { value };
  });
}

/** `00:11:22:33:44:55` → the suffix that a host with this card gives itself (modified EUI-64, RFC 4291 appendix A). */
export function hardwareAddress(): Reader<IpAddress> {
  const remedy = "write the address of the host's card in quotes, such as '00:11:22:33:44:55'";
  const json = {
    description: "Makes it another host's record: the IPv6 prefix of the uplink and the EUI-64 of this card.",
    pattern: '^[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}$',
    examples: ['00:11:22:33:44:55'],
  };
  return textReader(json, 'the address of a network card', remedy, (text) => {
    const octets = parseMac(text);
    if (octets === undefined) return refuse('is not the address of a network card', remedy);
    return isGroupMac(octets)
      ? refuse('is the address of a group, not of one card', remedy)
      : { value: eui64(octets) };
  });
}
