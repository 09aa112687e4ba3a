import { parseAddress } from '../model/address.ts';
import { parseName } from '../model/name.ts';
import { type Reader, refuse, textReader } from './schema-reader.ts';

/** A host and a port; an IPv6 address without its brackets. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Splits `host`, `host:port`, `[v6]:port` and a bare IPv6 address; `undefined` if the port is none. */
function split(text: string): { readonly host: string; readonly port?: number } | undefined {
  if (parseAddress(text) !== undefined) return { host: text };
  const parts = /^(?:\[([^\]]+)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(text);
  if (parts === null) return undefined;
  const host = parts[1] ?? parts[2] ?? '';
  if (parts[1] !== undefined && !parts[1].includes(':')) return undefined;
  if (parts[3] === undefined) return { host };
  const port = Number(parts[3]);
  return port <= 65_535 ? { host, port } : undefined;
}

/** `http` or `https`, with neither user nor password in it → `URL`. */
export function httpUrl(): Reader<URL> {
  const remedy = 'write it whole, such as https://dns.example.org/update';
  const json = {
    description: 'An http or https address, without user or password in it.',
    format: 'uri',
    pattern: '^https?://',
    examples: ['https://dns.example.org/update'],
  };
  return textReader(json, 'a URL', remedy, (text) => {
    if (!/^https?:\/\//i.test(text)) return refuse('is not an http or https URL', remedy, text.includes('@'));
    if (!URL.canParse(text)) return refuse('is not a URL', remedy, text.includes('@'));
    const url = new URL(text);
    return url.username === '' && url.password === ''
      ? { value: url }
      : refuse('holds a user or password', 'take it out of the URL and use the keys meant for it', true);
  });
}

/** Where to listen: an address of this host (or `localhost`) and a port, `127.0.0.1:5353` or `[::1]:5353`. */
export function listenAddress(): Reader<HostPort> {
  const remedy = 'write an address of this host and a port, such as 127.0.0.1:15353 or [::1]:15353';
  const json = {
    description: 'Address and port to listen at; 0.0.0.0 and [::] stand for every address.',
    pattern: String.raw`^(\[[0-9a-fA-F:.]+\]|[0-9.]+|localhost):\d{1,5}$`,
    examples: ['127.0.0.1:15353', '[::1]:15353'],
  };
  return textReader(json, 'an address and a port', remedy, (text) => {
    const parts = split(text);
    if (parts?.port === undefined) return refuse('is not an address with a port', remedy);
    if (parts.host === 'localhost') return { value: { host: parts.host, port: parts.port } };
    const host = parseAddress(parts.host);
    return host === undefined
      ? refuse('does not begin with an address of this host', remedy)
      : { value: { host, port: parts.port } };
  });
}

/** A server: `ns.example.org`, `192.0.2.1:53`, `[2001:db8::1]:53`, `2001:db8::1`. */
export function hostPort(defaultPort: number): Reader<HostPort> {
  const remedy = `write a host and, if it is not ${defaultPort}, a port: server.example.org:${defaultPort}`;
  const json = {
    description: `A host name or address, with a port unless it is ${defaultPort}.`,
    examples: ['server.example.org', `192.0.2.1:${defaultPort}`, `[2001:db8::1]:${defaultPort}`],
  };
  return textReader(json, 'a host, with or without a port', remedy, (text) => {
    const parts = split(text);
    const port = parts?.port ?? defaultPort;
    if (parts === undefined || port === 0) return refuse('is not a host with a port', remedy);
    const address = parseAddress(parts.host);
    // 192.0.2.300 is a well-formed name, and never meant as one.
    const name =
      /^[\d.]+$/.test(parts.host) || parts.host.startsWith('*') ? undefined : parseName(parts.host);
    const host = address ?? name;
    return host === undefined ? refuse('does not name a host', remedy) : { value: { host, port } };
  });
}
