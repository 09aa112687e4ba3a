import { describe, expect, test } from 'vitest';
import { cloudflareBatch, faultsOf, illegalities } from './legal.ts';
import { haveContracts } from './recording.ts';

const request = (method: string, url: string, body?: unknown) => ({
  method,
  url: new URL(url),
  ...(body === undefined ? {} : { body: JSON.stringify(body) }),
});
const DO = 'https://api.digitalocean.com';
const DO_RECORDS = `${DO}/v2/domains/example.org/records`;
const HETZNER = 'https://api.hetzner.cloud/v1';
const SETS = `${HETZNER}/zones/1/rrsets`;
const made = { type: 'A', name: 'x', data: '192.0.2.1' };

describe.skipIf(!haveContracts)('DigitalOcean’s OpenAPI document', () => {
  const faults = (...given: Parameters<typeof request>) =>
    illegalities('digitalocean-domains.openapi.json', DO, request(...given));

  test.each([
    ['GET', `${DO_RECORDS}?per_page=200&page=2&name=x.example.org&type=A`, undefined],
    ['POST', DO_RECORDS, made],
    ['POST', DO_RECORDS, { ...made, ttl: 60, priority: null }],
    ['PATCH', `${DO_RECORDS}/1`, { type: 'A', data: '192.0.2.1' }],
    ['DELETE', `${DO_RECORDS}/1`, undefined],
  ])('takes %s %s %j', (method, url, body) => {
    expect(faults(method, url, body)).toEqual([]);
  });

  test.each([
    ['a page too long', 'GET', `${DO_RECORDS}?per_page=999`, undefined, /^per_page: .*<=200/],
    ['a page that is no number', 'GET', `${DO_RECORDS}?page=x`, undefined, /^page: /],
    ['a type there is not', 'GET', `${DO_RECORDS}?type=a`, undefined, /^type: /],
    ['an unknown parameter', 'GET', `${DO_RECORDS}?names=x`, undefined, /^unknown: names$/],
    ['an id that is no number', 'DELETE', `${DO_RECORDS}/x`, undefined, /^domain_record_id: /],
    ['a record without content', 'POST', DO_RECORDS, { type: 'A', name: 'x' }, /^body: /],
    ['a TTL as text', 'POST', DO_RECORDS, { ...made, ttl: '60' }, /^body: /],
    ['a misspelt field', 'POST', DO_RECORDS, { ...made, tttl: 60 }, /^body: /],
    ['an id of our own', 'POST', DO_RECORDS, { ...made, id: 1 }, /^body: /],
    ['a change without type', 'PATCH', `${DO_RECORDS}/1`, { data: '192.0.2.1' }, /^body: /],
    ['a body where none is due', 'DELETE', `${DO_RECORDS}/1`, {}, /^a body where none is due$/],
    ['a request there is not', 'DELETE', DO_RECORDS, undefined, /^no such request: DELETE/],
  ])('refuses %s', (_, method, url, body, like) => {
    expect(faults(method, url, body)).toEqual([expect.stringMatching(like)]);
  });
});

describe.skipIf(!haveContracts)('Hetzner’s OpenAPI document', () => {
  const faults = (...given: Parameters<typeof request>) =>
    illegalities('hetzner-zones.openapi.json', HETZNER, request(...given));
  const records = [{ value: '192.0.2.1', comment: 'x' }];

  test.each([
    ['GET', `${SETS}?per_page=100&name=x&type=A&type=AAAA`, undefined],
    ['POST', SETS, { name: 'x', type: 'A', ttl: null, records }],
    ['POST', `${SETS}/x/A/actions/set_records`, { records }],
    ['POST', `${SETS}/%40/A/actions/change_ttl`, { ttl: 60 }],
    ['DELETE', `${SETS}/x/A`, undefined],
  ])('takes %s %s %j', (method, url, body) => {
    expect(faults(method, url, body)).toEqual([]);
  });

  test.each([
    ['a type there is not', 'GET', `${SETS}?type=A&type=B`, undefined, /^type: /],
    ['the same in the path', 'DELETE', `${SETS}/x/B`, undefined, /^rr_type: /],
    ['a page too long', 'GET', `${SETS}?per_page=999`, undefined, /^per_page: over 100$/],
    ['a page that is no number', 'GET', `${SETS}?per_page=all`, undefined, /^per_page: /],
    ['a TTL too short', 'POST', `${SETS}/x/A/actions/change_ttl`, { ttl: 1 }, /^body: .*>=60/],
    ['no records', 'POST', `${SETS}/x/A/actions/set_records`, {}, /^body: /],
    ['an empty set', 'POST', `${SETS}/x/A/actions/set_records`, { records: [] }, /^body: /],
    [
      'a misspelt field of a record',
      'POST',
      SETS,
      { name: 'x', type: 'A', records: [{ valeu: 'x', value: '192.0.2.1' }] },
      /^body: /,
    ],
    ['a misspelt field', 'POST', SETS, { name: 'x', type: 'A', tttl: 60, records }, /^body: /],
  ])('refuses %s', (_, method, url, body, like) => {
    expect(faults(method, url, body)).toEqual([expect.stringMatching(like)]);
  });
});

describe.skipIf(!haveContracts)('Cloudflare’s batch', () => {
  test.each([
    ['a change without id', { patches: [{ content: '192.0.2.1' }] }],
    ['a misspelt field', { patches: [{ id: 'x', contentt: '192.0.2.1' }] }],
    ['a misspelt list', { patch: [] }],
    ['a record without name', { posts: [{ type: 'A', content: '192.0.2.1' }] }],
  ])('refuses %s', (_, body) => {
    expect(cloudflareBatch().safeParse(body).success).toBe(false);
    const url = 'https://api.cloudflare.com/client/v4/zones/1/dns_records/batch';
    expect(faultsOf('cloudflare', request('POST', url, body))).toHaveLength(1);
  });
});
