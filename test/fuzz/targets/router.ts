import assert from 'node:assert/strict';
import fc from 'fast-check';
import { address } from '../../../src/model/address.ts';
import { decodePcp } from '../../../src/net/pcp/message.ts';
import { decodeNatPmp } from '../../../src/net/pcp/nat-pmp.ts';
import { readDescription } from '../../../src/net/upnp/description.ts';
import { readEvent, readGrant } from '../../../src/net/upnp/gena.ts';
import { readExternalAddress } from '../../../src/net/upnp/soap.ts';
import { decodeSsdp } from '../../../src/net/upnp/ssdp.ts';
import { parseXml } from '../../../src/net/upnp/xml.ts';
import { readXml } from '../../../src/net/xml.ts';
import { description, event, service, soapAnswer, soapFault } from '../../net/upnp/documents.ts';
import { isFitToShow } from '../support/expect.ts';
import { anyText, hostileOctets, hostileText } from '../support/mutate.ts';
import { type FuzzTarget, target } from '../support/target.ts';

const GATEWAY = address('192.168.1.1');
const LOCATION = new URL('http://192.168.1.1:5000/desc.xml');

const DOCUMENTS: readonly string[] = [
  description(
    [service({ type: 'WANIPConnection:1', control: '/ctl/ip', events: '/evt/ip' })],
    '<URLBase>http://192.168.1.1:5000/</URLBase>',
  ),
  description([service({ type: 'WANPPPConnection:1', control: 'http://10.0.0.1/ctl', events: '' })]),
  soapAnswer('192.0.2.1'),
  soapFault(501, 'Action Failed'),
  event({ ExternalIPAddress: '192.0.2.1', ConnectionStatus: 'Connected' }),
];
const WORDS = [
  '<!DOCTYPE x [<!ENTITY a "b">]>',
  '&a;',
  '&#0;',
  '&#x110000;',
  '<![CDATA[',
  ']]>',
  '<!--',
  '<?',
  '/>',
  '</',
  ' a="',
  'xmlns:',
];
const documents = hostileText(DOCUMENTS, WORDS);

const nested = (size: number): string => '<a>'.repeat(size / 3);
const wide = (size: number): string => `<a>${'<b/>'.repeat(size / 4)}</a>`;
const spaced = (size: number): string => `<a>${' '.repeat(size)}x</a>`;
const attributed = (size: number): string =>
  `<a${Array.from({ length: size / 8 }, (_, at) => ` a${at}="1"`).join('')}/>`;

const SSDP = [
  'HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nLOCATION: http://192.168.1.1:5000/desc.xml\r\n\r\n',
  'NOTIFY * HTTP/1.1\r\nNT: urn:schemas-upnp-org:service:WANIPConnection:1\r\nNTS: ssdp:alive\r\nBOOTID.UPNP.ORG: 1\r\n\r\n',
].map((text) => Uint8Array.from(Buffer.from(text, 'latin1')));

const NAT_PMP = [
  Uint8Array.of(0, 128, 0, 0, 0, 0, 0, 9, 192, 0, 2, 1),
  Uint8Array.of(0, 128, 0, 3, 0, 0, 0, 9),
];
const PCP = [
  Uint8Array.from([2, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, ...new Array<number>(12).fill(0)]),
  Uint8Array.from([2, 0x81, 0, 0, 0, 0, 0, 60, 0, 0, 0, 9, ...new Array<number>(48).fill(1)]),
];

export const routerTargets: readonly FuzzTarget[] = [
  target({
    name: 'nat-pmp',
    reads: 'the network',
    inputs: hostileOctets(NAT_PMP),
    check: (input) => void decodeNatPmp(input),
  }),
  target({
    name: 'pcp',
    reads: 'the network',
    inputs: hostileOctets(PCP),
    check: (input) => void decodePcp(input),
  }),
  target({
    name: 'ssdp',
    reads: 'the network',
    inputs: hostileOctets(SSDP),
    growth: [(size) => Uint8Array.from(Buffer.from(`HTTP/1.1 200 ${' '.repeat(size)}x`))],
    check: (input) => void decodeSsdp(input),
  }),
  target({
    name: 'gena headers',
    reads: 'the network',
    inputs: fc.record({
      sid: hostileText(['uuid:1']),
      timeout: hostileText(['Second-1800', 'Second-infinite']),
    }),
    check: (headers) => {
      const grant = readGrant(headers);
      if (grant === undefined) return;
      assert.ok(grant.seconds >= 60 && grant.seconds <= 86_400);
      assert.doesNotMatch(grant.sid, /[\r\n]/, 'a SID that would break a header');
    },
  }),
  target({
    name: 'gena event',
    reads: 'the network',
    inputs: documents,
    growth: [nested, wide, spaced, attributed],
    check: (body) => void readEvent(body),
  }),
  target({
    name: 'soap answer',
    reads: 'the network',
    inputs: fc.tuple(fc.constantFrom(200, 500, 404), documents),
    growth: [(size) => [200, wide(size)] as [number, string]],
    check: ([status, body]) => {
      const said = readExternalAddress(status, body);
      if (said.kind === 'fault' || said.kind === 'wrong') isFitToShow(said.why);
    },
  }),
  target({
    name: 'device description',
    reads: 'the network',
    inputs: documents,
    growth: [wide, spaced],
    check: (xml) => {
      const read = readDescription(xml, LOCATION, GATEWAY);
      if (read.kind === 'wrong') return isFitToShow(read.why);
      for (const { control, events } of read.services) {
        for (const url of [control, ...(events === undefined ? [] : [events])])
          assert.equal(url.hostname, GATEWAY, 'sent to another host');
      }
    },
  }),
  target({
    name: 'xml of a router',
    reads: 'the network',
    inputs: fc.oneof(documents, anyText(2_000)),
    growth: [nested, wide, spaced, attributed],
    check: (xml) => void parseXml(xml),
  }),
  target({
    name: 'xml of a provider',
    reads: 'a provider',
    inputs: documents,
    growth: [nested, wide, spaced, attributed],
    check: (xml) => {
      try {
        readXml(xml);
      } catch (error) {
        // Its one way to say no; a RangeError or TypeError would be an accident.
        assert.equal(error?.constructor, Error);
      }
    },
  }),
];
