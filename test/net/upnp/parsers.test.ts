import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { address } from '../../../src/model/address.ts';
import { gatewayUrl, readDescription } from '../../../src/net/upnp/description.ts';
import { readEvent, readGrant } from '../../../src/net/upnp/gena.ts';
import { externalAddressCall, readExternalAddress } from '../../../src/net/upnp/soap.ts';
import {
  decodeSsdp,
  encodeSearch,
  isAboutGateways,
  SEARCH_TARGETS,
  SSDP_GROUP,
} from '../../../src/net/upnp/ssdp.ts';
import { parseXml } from '../../../src/net/upnp/xml.ts';
import { description, event, service, soapAnswer, soapFault } from './documents.ts';

const GATEWAY = address('192.168.1.1');
const LOCATION = new URL('http://192.168.1.1:5000/rootDesc.xml');

describe('SSDP', () => {
  it('searches the gateway alone without MX, and the group with it', () => {
    const alone = Buffer.from(encodeSearch('urn:x', '192.168.1.1', 1900)).toString();
    expect(alone).toBe(
      'M-SEARCH * HTTP/1.1\r\nHOST: 192.168.1.1:1900\r\nMAN: "ssdp:discover"\r\nST: urn:x\r\n\r\n',
    );
    expect(Buffer.from(encodeSearch('urn:x', SSDP_GROUP, 1900)).toString()).toContain('MX: 1\r\n');
  });

  it('searches for gateways only', () => {
    expect(SEARCH_TARGETS.every(isAboutGateways)).toBe(true);
    expect(isAboutGateways('upnp:rootdevice')).toBe(false);
    expect(isAboutGateways('urn:schemas-upnp-org:service:WANIPConnection:2')).toBe(true);
  });

  it('reads an answer as miniupnpd writes it', () => {
    const text = [
      'HTTP/1.1 200 OK',
      'CACHE-CONTROL: max-age=120',
      'ST: urn:schemas-upnp-org:service:WANIPConnection:1',
      'USN: uuid:69530d1f-fdfc-48a9-b48b-74c14fbea570::urn:schemas-upnp-org:service:WANIPConnection:1',
      'EXT:',
      'SERVER: Debian/6.18 UPnP/1.1 MiniUPnPd/2.3.1',
      'LOCATION: http://192.168.77.1:39711/rootDesc.xml',
      'BOOTID.UPNP.ORG: 1795345007',
      '',
      '',
    ].join('\r\n');
    expect(decodeSsdp(Buffer.from(text))).toEqual({
      kind: 'found',
      target: 'urn:schemas-upnp-org:service:WANIPConnection:1',
      location: 'http://192.168.77.1:39711/rootDesc.xml',
      boot: '1795345007',
    });
  });

  it('reads notifications', () => {
    const text =
      'NOTIFY * HTTP/1.1\r\nNT: urn:x\r\nNTS: ssdp:alive\r\nLocation: http://a/\r\nBOOTID.UPNP.ORG: 7\r\n\r\n';
    expect(decodeSsdp(Buffer.from(text))).toEqual({
      kind: 'alive',
      target: 'urn:x',
      location: 'http://a/',
      boot: '7',
    });
    expect(decodeSsdp(Buffer.from(text.replace('alive', 'byebye')))).toMatchObject({ kind: 'byebye' });
    expect(decodeSsdp(Buffer.from(text.replace('alive', 'else')))).toBeUndefined();
  });

  it('takes searches of others, answers without a place and pages for nothing', () => {
    for (const text of [
      'M-SEARCH * HTTP/1.1\r\nST: x\r\n\r\n',
      'HTTP/1.1 200 OK\r\nST: x\r\n\r\n',
      '<html>',
      '',
    ]) {
      expect(decodeSsdp(Buffer.from(text))).toBeUndefined();
    }
  });
});

describe('a description', () => {
  it('names the WAN services wherever they stand, of either version', () => {
    const xml = description([
      service({ type: 'WANPPPConnection:1', control: 'ctl/ppp', events: '' }),
      service({ type: 'WANIPConnection:2', control: '/ctl/ip', events: '/evt/ip' }),
      service({ type: 'Layer3Forwarding:1', control: '/ctl/l3', events: '/evt/l3' }),
    ]);
    const read = readDescription(xml, LOCATION, GATEWAY);
    if (read.kind !== 'read') throw new Error(read.why);
    expect(read.ignored).toEqual([]);
    expect(read.services.map(({ type, control, events }) => [type, control.href, events?.href])).toEqual([
      ['urn:schemas-upnp-org:service:WANPPPConnection:1', 'http://192.168.1.1:5000/ctl/ppp', undefined],
      [
        'urn:schemas-upnp-org:service:WANIPConnection:2',
        'http://192.168.1.1:5000/ctl/ip',
        'http://192.168.1.1:5000/evt/ip',
      ],
    ]);
  });

  it.each([
    'http://192.168.1.66/ctl',
    'http://10.0.0.1:5000/ctl',
    'https://192.168.1.1/ctl',
    'http://user@192.168.1.1/ctl',
    'http://router.example/ctl',
    '//192.168.1.66/ctl',
    'file:///etc/passwd',
  ])('leaves out a service at %s', (place) => {
    const xml = description([service({ type: 'WANIPConnection:1', control: place, events: '/evt' })]);
    expect(readDescription(xml, LOCATION, GATEWAY)).toEqual({ kind: 'read', services: [], ignored: [place] });
  });

  it('follows URLBase at the gateway and no other', () => {
    const services = [service({ type: 'WANIPConnection:1', control: 'ctl', events: '' })];
    const placeOf = (base: string) => {
      const read = readDescription(description(services, `<URLBase>${base}</URLBase>`), LOCATION, GATEWAY);
      return read.kind === 'read' ? read.services[0]?.control.href : undefined;
    };
    expect(placeOf('http://192.168.1.1:80/upnp/')).toBe('http://192.168.1.1/upnp/ctl');
    expect(placeOf('http://192.168.1.66:80/upnp/')).toBe('http://192.168.1.1:5000/ctl');
  });

  it('gives four services at most', () => {
    const many = Array.from({ length: 9 }, (_, index) =>
      service({ type: 'WANIPConnection:1', control: `/ctl/${index}`, events: '' }),
    );
    const read = readDescription(description(many), LOCATION, GATEWAY);
    expect(read.kind === 'read' && read.services.length).toBe(4);
  });

  it.each([
    ['a DOCTYPE', '<!DOCTYPE root [<!ENTITY a "b">]><root/>'],
    ['an entity of its own', '<root>&a;</root>'],
    ['an external entity', '<!DOCTYPE root SYSTEM "http://192.168.1.66/x.dtd"><root/>'],
    ['no end', '<root><device>'],
    ['two roots', '<root/><root/>'],
    ['another document', '<html></html>'],
    ['nothing', ''],
    ['too deep', `${'<a>'.repeat(40)}${'</a>'.repeat(40)}`],
    ['too many elements', `<root>${'<a/>'.repeat(3_000)}</root>`],
    ['too long', `<root>${' '.repeat(200_000)}</root>`],
  ])('with %s is wrong', (_, xml) => {
    expect(readDescription(xml, LOCATION, GATEWAY).kind).toBe('wrong');
  });

  it('may have white space, a byte order mark and NULs around it, as those of some routers', () => {
    const xml = `\ufeff\r\n  ${description([service({ type: 'WANIPConnection:1', control: '/c', events: '' })])}\0\0\n`;
    expect(readDescription(xml, LOCATION, GATEWAY)).toMatchObject({ kind: 'read', services: [{}] });
  });
});

describe('GetExternalIPAddress', () => {
  it('is called with the type of the description', () => {
    const call = externalAddressCall('urn:schemas-upnp-org:service:WANIPConnection:2');
    expect(call.headers['soapaction']).toBe(
      '"urn:schemas-upnp-org:service:WANIPConnection:2#GetExternalIPAddress"',
    );
    expect(parseXml(call.body)).toMatchObject({ name: 'Envelope', children: [{ name: 'Body' }] });
  });

  it.each([
    ['an address', 200, soapAnswer('203.0.114.10'), { kind: 'address', address: '203.0.114.10' }],
    ['an address with spaces', 200, soapAnswer(' 203.0.114.10\n'), { kind: 'address' }],
    ['no address', 200, soapAnswer(''), { kind: 'none' }],
    ['0.0.0.0', 200, soapAnswer('0.0.0.0'), { kind: 'none' }],
    ['words', 200, soapAnswer('not known'), { kind: 'wrong', why: 'not an address: not known' }],
    ['a fault', 500, soapFault(501, 'Action Failed'), { kind: 'fault', why: 'error 501 Action Failed' }],
    ['a page', 200, '<html><body>203.0.114.10</body></html>', { kind: 'wrong' }],
    ['another status', 503, soapAnswer('203.0.114.10'), { kind: 'wrong', why: 'status 503' }],
    ['nothing', 200, '', { kind: 'wrong' }],
  ])('answers with %s', (_, status, body, expected) => {
    expect(readExternalAddress(status, body)).toMatchObject(expected);
  });

  it('keeps control characters of a router out of messages', () => {
    const answer = readExternalAddress(500, soapFault(402, `Bad\u0009 ${'x'.repeat(500)}`));
    expect(answer.kind === 'fault' && answer.why.length).toBeLessThanOrEqual(200);
  });
});

describe('events', () => {
  it.each([
    [
      'an address',
      event({ ConnectionStatus: 'Connected', ExternalIPAddress: '203.0.114.10' }),
      '203.0.114.10',
    ],
    ['the loss of it', event({ ExternalIPAddress: '0.0.0.0' }), 'none'],
    ['an empty one', event({ ExternalIPAddress: '' }), 'none'],
    ['something else', event({ PortMappingNumberOfEntries: '3' }), 'not_said'],
    ['a page', '<html/>', undefined],
    ['words for an address', event({ ExternalIPAddress: 'up' }), undefined],
  ])('with %s', (_, body, expected) => {
    expect(readEvent(body)).toBe(expected);
  });

  it.each([
    ['a grant', { sid: 'uuid:1', timeout: 'Second-300' }, { sid: 'uuid:1', seconds: 300 }],
    ['infinite', { sid: 'uuid:1', timeout: 'infinite' }, { sid: 'uuid:1', seconds: 1_800 }],
    ['no timeout', { sid: 'uuid:1' }, { sid: 'uuid:1', seconds: 1_800 }],
    ['too short a time', { sid: 'uuid:1', timeout: 'Second-1' }, { sid: 'uuid:1', seconds: 60 }],
    ['too long a time', { sid: 'uuid:1', timeout: 'Second-999999999' }, { sid: 'uuid:1', seconds: 86_400 }],
    ['no SID', { timeout: 'Second-300' }, undefined],
    ['a SID with a line break', { sid: 'a\r\nb: c' }, undefined],
    ['a very long SID', { sid: 'a'.repeat(300) }, undefined],
  ])('%s', (_, headers, expected) => {
    expect(readGrant(headers as Record<string, string>)).toEqual(expected);
  });
});

describe('whatever arrives', () => {
  const good = [
    description([service({ type: 'WANIPConnection:1', control: '/c', events: '/e' })]),
    soapAnswer('203.0.114.10'),
    soapFault(501, 'Action Failed'),
    event({ ExternalIPAddress: '203.0.114.10' }),
  ];
  /** A good document with a piece cut out and something put in. */
  const damaged = fc
    .tuple(fc.constantFrom(...good), fc.nat(2_000), fc.nat(50), fc.string({ unit: 'binary', maxLength: 30 }))
    .map(([text, at, length, piece]) => text.slice(0, at) + piece + text.slice(at + length));
  const xmlish = fc
    .array(
      fc.constantFrom(
        '<',
        '>',
        '</',
        '/>',
        '&',
        ';',
        '<a>',
        '</a>',
        '<![CDATA[',
        ']]>',
        '<!--',
        '-->',
        '<?',
        '"',
        "='",
        'a',
        ' ',
        '\0',
        '<!DOCTYPE',
      ),
      { maxLength: 200 },
    )
    .map((pieces) => pieces.join(''));

  it('no XML throws', () => {
    fc.assert(
      fc.property(fc.oneof(damaged, xmlish, fc.string({ unit: 'binary', maxLength: 500 })), (text) => {
        parseXml(text);
        readDescription(text, LOCATION, GATEWAY);
        readExternalAddress(200, text);
        readEvent(text);
        gatewayUrl(text, GATEWAY, LOCATION);
      }),
      { numRuns: 2_000 },
    );
  });

  it('no datagram throws', () => {
    const line = fc.constantFrom(
      'HTTP/1.1 200 OK',
      'NOTIFY * HTTP/1.1',
      'ST: a',
      'NT: a',
      'NTS: ssdp:alive',
      'LOCATION: b',
      ':',
      '\r',
    );
    const text = fc
      .array(fc.oneof(line, fc.string()), { maxLength: 60 })
      .map((lines) => Buffer.from(lines.join('\n')));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 5_000 }), text), (datagram) => {
        decodeSsdp(datagram);
      }),
      { numRuns: 2_000 },
    );
  });

  it('a gateway is never left, whatever its description says', () => {
    const place = fc.oneof(
      fc.webUrl(),
      fc.string(),
      fc.constantFrom('//x', '\\\\x\\y', 'http:/\\x', '@x', ':80'),
    );
    fc.assert(
      fc.property(place, (text) => {
        const url = gatewayUrl(text, GATEWAY, LOCATION);
        expect(url === undefined || url.hostname === GATEWAY).toBe(true);
      }),
    );
  });

  // Each would take minutes if anything here were quadratic: the time limit of the test is what fails.
  it.each([
    ['white space', ' '],
    ['open elements', '<a>'],
    ['closed elements', '<a/>'],
    ['entities', '&amp;'],
    ['ampersands', '&'],
    ['comments', '<!--'],
    ['CDATA', '<![CDATA['],
    ['attributes', ' a="b"'],
    ['processing instructions', '<?a '],
  ])('a long run of %s costs no more than its length', (_, piece) => {
    const run = piece.repeat(Math.floor(120_000 / piece.length));
    for (const text of [run, `<a>${run}`, `<a ${run}/>`, `${run}x`, `<a>${run}</a>`]) parseXml(text);
    decodeSsdp(Buffer.from(run.slice(0, 4_000)));
  });
});
