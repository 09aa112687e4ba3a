import type { Provider } from '../contract.ts';
import { outsideZone } from '../outside-zone.ts';
import type { RestApi } from './api.ts';
import type { Limit } from './gate.ts';
import type { RestOptions } from './options.ts';
import { ownedRestSink } from './owned.ts';
import { RestSession } from './session.ts';
import { restSink } from './sink.ts';
import { unclaimedOnly } from './unclaimed.ts';

export interface RestProvider<Options extends RestOptions> extends Omit<Provider<Options>, 'create'> {
  /** The provider's request limits, all of which hold; a little below the documented numbers where others use the account too. */
  readonly limits: readonly Limit[];
  readonly api: (options: Options) => RestApi;
  /** How `owner` is carried out: by TXT records beside the records, or in a way of the provider's own, in its `api`. */
  readonly marks?: 'txt' | 'own';
}

/** A provider, plus the way to its session for tests and for records of other types than A and AAAA. */
export interface DefinedProvider<Options extends RestOptions> extends Provider<Options> {
  session(...of: Parameters<Provider<Options>['create']>): RestSession;
}

/** Makes a provider of what is particular to it. */
export function defineRestProvider<Options extends RestOptions>(
  definition: RestProvider<Options>,
): DefinedProvider<Options> {
  const { limits, api, marks = 'txt', ...provider } = definition;
  const session: DefinedProvider<Options>['session'] = (init, components) =>
    new RestSession(api(init.options), {
      title: provider.title,
      provider: provider.name,
      options: init.options,
      limits,
      components,
    });
  const traits = { reads: true, ...provider.traits };
  const create: DefinedProvider<Options>['create'] = (init, components) => {
    const { owner, owner_adopt } = init.options;
    const own = session(init, components);
    if (owner === undefined) return restSink(own);
    if (marks === 'own') return unclaimedOnly(restSink(own), provider.title);
    return ownedRestSink(own, provider.title, { owner, owner_adopt });
  };
  const check: DefinedProvider<Options>['check'] = ({ zone }, keys) => outsideZone(zone, keys);
  return { check, ...provider, traits, session, create };
}
