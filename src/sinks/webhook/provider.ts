import { Secret } from '../../config/secret.ts';
import type { Failure } from '../../model/outcome.ts';
import type { RecordKey } from '../../model/record.ts';
import { type HttpAnswer, HttpFailure, type HttpRequest } from '../../net/http.ts';
import { cleanWords } from '../../net/http-words.ts';
import type { Call, Change, Provider, Sink, SinkComponents, SinkInit, WriteResult } from '../contract.ts';
import { failureOfHttpFailure, failureOfStatus } from '../failures.ts';
import { failedAll, sendAll } from '../send-all.ts';
import {
  contentTypeOf,
  encodingOf,
  JSON_TYPE,
  type RequestTemplate,
  type WebhookOptions,
  webhookOptions,
} from './options.ts';
import { fill, namesIn, type Values } from './template.ts';
import { valuesOf } from './values.ts';

const AT_ONCE = 4;

/** Any HTTP service at all: method, URL, headers and body are the operator's, and so is what counts as success. */
export const webhook: Provider<WebhookOptions> = {
  name: 'webhook',
  title: 'Any HTTP request of your own',
  documentation: 'https://www.rfc-editor.org/rfc/rfc9110',
  credentials: 'Whatever the service wants; put keys into the URL, a header or the body by reference.',
  options: webhookOptions,
  traits: { batch: Number.POSITIVE_INFINITY, multiple: true, creates: true, families: 'separate' },
  example: [
    'provider: webhook',
    'url: https://dns.example.org/api/records/{name}/{type}',
    'method: PUT',
    'headers:',
    '  authorization: { env: DNS_AUTHORIZATION }',
    `body: '{"content": {address}, "ttl": {ttl}}'`,
    '',
  ].join('\n'),
  create: createWebhook,
};

interface Job {
  readonly keys: readonly RecordKey[];
  readonly template: RequestTemplate;
  readonly values: Values;
}

function createWebhook({ options }: SinkInit<WebhookOptions>, { clock }: SinkComponents): Sink {
  const send = async ({ keys, template, values }: Job, call: Call): Promise<readonly WriteResult[]> => {
    try {
      const answer = await call.http(requestOf(template, values), call.signal);
      const failure = judge(answer, options, secretsOf(template), clock.wall());
      return failure === undefined ? keys.map((key) => ({ key, kind: 'updated' })) : failedAll(keys, failure);
    } catch (error) {
      if (!(error instanceof HttpFailure)) throw error;
      return failedAll(keys, failureOfHttpFailure(error, 'write'));
    }
  };

  return {
    write: async (changes, call) => {
      const { jobs, refused } = jobsOf(changes, options);
      return [...refused, ...(await sendAll(jobs, AT_ONCE, (job) => send(job, call)))];
    },
  };
}

function jobsOf(
  changes: readonly Change[],
  options: WebhookOptions,
): { jobs: readonly Job[]; refused: readonly WriteResult[] } {
  const refused: WriteResult[] = [];
  const jobs: Job[] = [];
  const groups = new Map<string, Change[]>();
  for (const change of changes) {
    const { key, addresses } = change.target;
    if (addresses.length > 0) {
      const id = options.per === 'name' ? key.name : `${key.name} ${key.type}`;
      groups.set(id, [...(groups.get(id) ?? []), change]);
    } else if (options.clear !== undefined) {
      jobs.push({ keys: [key], template: options.clear, values: valuesOf([change]) });
    } else {
      const message =
        'this webhook has no request that removes a record; add clear, or set when_absent: keep';
      refused.push({ key, kind: 'failed', failure: { class: 'invalid', scope: 'record', message } });
    }
  }
  for (const group of groups.values()) {
    const keys = group.map(({ target }) => target.key);
    const failure = ambiguity(group, options);
    if (failure === undefined) jobs.push({ keys, template: options, values: valuesOf(group) });
    else refused.push(...failedAll(keys, failure));
  }
  return { jobs, refused };
}

/** A template with room for one address must not quietly drop the others. */
function ambiguity(group: readonly Change[], template: RequestTemplate): Failure | undefined {
  if (group.every(({ target }) => target.addresses.length === 1)) return undefined;
  const texts = [template.url, template.body, ...Object.values(template.headers)];
  const names = new Set(texts.flatMap((text) => namesIn(text?.reveal() ?? '')));
  const single = ['address', 'ipv4', 'ipv6'].find((name) => names.has(name));
  if (single === undefined) return undefined;
  const message = `there are several addresses, and {${single}} takes one; use {addresses}`;
  return { class: 'invalid', scope: 'record', message };
}

function requestOf(template: RequestTemplate, values: Values): HttpRequest {
  const headers: Record<string, string> = {};
  for (const [name, text] of Object.entries(template.headers))
    headers[name] = fill(text.reveal(), values, 'plain');
  const { body } = template;
  if (body !== undefined && contentTypeOf(template.headers) === undefined)
    headers['content-type'] = JSON_TYPE;
  return {
    method: template.method,
    url: new URL(fill(template.url.reveal(), values, 'url')),
    headers,
    ...(body === undefined ? {} : { body: fill(body.reveal(), values, encodingOf(template)) }),
  };
}

function judge(
  answer: HttpAnswer,
  options: WebhookOptions,
  secrets: readonly Secret[],
  now: number,
): Failure | undefined {
  const { success, success_body } = options;
  if (!success.some(([first, last]) => answer.status >= first && answer.status <= last)) {
    return failureOfStatus(answer, { effect: 'write', now, secrets });
  }
  if (success_body === undefined) return undefined;
  const good =
    'exact' in success_body
      ? answer.body.trim() === success_body.exact.trim()
      : success_body.contains.some((text) => answer.body.includes(text));
  if (good) return undefined;
  const message = `HTTP ${answer.status}, but the answer does not fit success_body: "${cleanWords(answer.body, secrets)}"`;
  return { class: 'transient', scope: 'record', message, unclear: true };
}

/**
 * What a service may repeat of the request and must not be shown. Any longer word of the path, the query, a header or the
 * body may be a key; that of a harmless one `[secret]` is shown in an error message now and then is the lesser evil.
 */
function secretsOf(template: RequestTemplate): readonly Secret[] {
  const headers = Object.values(template.headers);
  const path = template.url.reveal().replace(/^https?:\/\/[^/?#]*/i, '');
  const texts = [path, ...headers.map((value) => value.reveal()), template.body?.reveal() ?? ''];
  const words = texts.flatMap((text) => text.split(/[\s"'/?&=:,;{}\\]+/)).filter((word) => word.length >= 8);
  return [template.url, ...headers, ...words.map((word) => new Secret(word))];
}
