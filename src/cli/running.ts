import { controlPath } from '../control/path.ts';
import { configuration } from './configuration.ts';

/** The control socket of the netdrift that runs with this configuration. */
export async function controlSocket(options: { readonly config?: string }): Promise<string> {
  const { settings } = await configuration(options);
  return controlPath(settings.state_dir);
}

/** Milliseconds for a running netdrift to answer. */
export const ANSWER_TIME = 10_000;
