import { allProviders } from './catalogue.ts';

/** The whole catalogue, loaded: for documents and tests that speak of all providers. */
export const providers = await allProviders();
