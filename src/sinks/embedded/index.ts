import type { Provider } from '../contract.ts';
import { type EmbeddedOptions, embeddedOptions } from './options.ts';
import { createEmbedded } from './sink.ts';

export { createEmbedded, type EmbeddedSink } from './sink.ts';

export const embedded: Provider<EmbeddedOptions> = {
  name: 'embedded',
  title: 'Embedded DNS server',
  documentation: 'https://www.rfc-editor.org/rfc/rfc1034',
  credentials: 'None: netdrift answers for the names itself.',
  notes: [
    'At 0.0.0.0 or [::] on a host with several addresses, the system chooses which of them an answer over UDP comes from, and who asked at another one drops it: list the addresses under `listen` there.',
  ],
  options: embeddedOptions,
  traits: {
    batch: Number.POSITIVE_INFINITY,
    multiple: true,
    creates: true,
    families: 'separate',
    volatile: true,
    bindable: false,
    minimumGap: 0,
  },
  example: `provider: embedded
listen: 127.0.0.1:15353
`,
  create: createEmbedded,
};
