import { isAbsolute, join, resolve } from 'node:path';
import type { SecretReference } from './secret.ts';
import type { SecretAnswer, SecretSource } from './secret-source.ts';

/** A file as it could be read: its text, or why there is none, in words that follow "cannot be read:". */
export type FileText =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly why: string };

export interface SecretPlaces {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where relative paths start: the folder of the configuration. */
  readonly folder: string;
  /** By absolute path. A file that is not in it has not been read yet. */
  readonly files: ReadonlyMap<string, FileText>;
}

/** What is told while secrets are being answered. */
export interface SecretWatcher {
  /** Every value, and whether it stands in the configuration itself though it should not. */
  value(value: string, exposed: boolean): void;
  /** A file that would have to be read first; the parse in progress works with a stand-in. */
  unread(path: string): void;
}

const no = (message: string, remedy: string): SecretAnswer => ({ ok: false, message, remedy });

/** Answers for references from what was read beforehand, so that parsing itself does no I/O. */
export function secretSource(places: SecretPlaces, watcher: SecretWatcher): SecretSource {
  const answer = (reference: SecretReference): SecretAnswer => {
    if (typeof reference === 'string') return { ok: true, value: reference };
    if ('env' in reference) return fromEnvironment(places, reference.env);
    if ('file' in reference) return fromFile(places, watcher, resolve(places.folder, reference.file), 'file');
    return fromCredential(places, watcher, reference.credential);
  };
  return (reference, harmless) => {
    const result = answer(reference);
    // `{address}` as a whole body would hide every word about placeholders.
    if (!result.ok || (harmless && ONLY_PLACEHOLDERS.test(result.value))) return result;
    const exposed = typeof reference === 'string' && (!harmless || KEY_LIKE.test(reference));
    watcher.value(result.value, exposed);
    return result;
  };
}

const ONLY_PLACEHOLDERS = /^[^\w{}]*(?:\{\w+\}[^\w{}]*)+$/;

/** A run of letters and digits mixed, as long as the shortest tokens of providers: what nobody writes by hand. */
const KEY_LIKE = /(?<![\w+=])(?=[\w+=]*\d)(?=[\w+=]*[A-Za-z])[\w+=]{16,}/;

function fromEnvironment({ env }: SecretPlaces, name: string): SecretAnswer {
  const value = env[name];
  if (value === undefined) {
    return no(
      `needs the environment variable ${name}, which is not set`,
      `set ${name} for the process, or use { file: … }`,
    );
  }
  return value === ''
    ? no(`needs the environment variable ${name}, which is empty`, `give ${name} the secret as its value`)
    : { ok: true, value };
}

function fromCredential(places: SecretPlaces, watcher: SecretWatcher, name: string): SecretAnswer {
  // systemd.exec(5), LoadCredential=: one file a credential in this folder, named like it.
  const folder = places.env['CREDENTIALS_DIRECTORY'];
  if (folder === undefined || !isAbsolute(folder)) {
    return no(
      'needs a systemd credential, and there is no $CREDENTIALS_DIRECTORY',
      `run netdrift as a service with LoadCredential=${name}:/path, or use { file: … }`,
    );
  }
  if (!/^[^/\\]+$/.test(name) || name === '.' || name === '..') {
    return no('is no name of a credential', 'write the name alone, as in LoadCredential=, without a path');
  }
  return fromFile(places, watcher, join(folder, name), 'credential');
}

function fromFile(
  { files }: SecretPlaces,
  watcher: SecretWatcher,
  path: string,
  kind: 'file' | 'credential',
): SecretAnswer {
  const file = files.get(path);
  if (file === undefined) {
    watcher.unread(path);
    return no('is not read yet', 'read it first');
  }
  if (!file.ok) {
    const remedy =
      kind === 'file'
        ? 'create the file, and let the user netdrift runs as read it'
        : 'name it in LoadCredential= of the service';
    return no(`needs ${path}, which cannot be read: ${file.why}`, remedy);
  }
  // Editors and `echo` end a file with a line break, which is never part of a secret.
  const value = file.text.replace(/[\r\n]+$/, '');
  return value === ''
    ? no(`needs ${path}, which is empty`, 'put the secret into the file, and nothing else')
    : { ok: true, value };
}
