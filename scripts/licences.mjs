// The bundle carries other people's packages, and their licences ask to be carried along.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The folder of the package a bundled file belongs to; undefined for our own files. */
export function packageFolder(root, input) {
  if (!input.includes('node_modules/')) return undefined;
  // A package may have folders named node_modules inside its sources: the first one with a name and a version counts.
  for (
    let folder = path.dirname(path.join(root, input));
    folder !== path.dirname(folder);
    folder = path.dirname(folder)
  ) {
    const manifest = path.join(folder, 'package.json');
    if (!existsSync(manifest)) continue;
    const { name, version } = JSON.parse(readFileSync(manifest, 'utf8'));
    if (name !== undefined && version !== undefined) return folder;
  }
  return undefined;
}

/** Text with name, version, licence and licence text of each package among these inputs of esbuild's metafile. */
export function licences(root, inputs) {
  const folders = new Set(
    inputs.map((input) => packageFolder(root, input)).filter((folder) => folder !== undefined),
  );
  const parts = [...folders].map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((entry) => /^(licen[sc]e|copying)/i.test(entry));
    const text = file === undefined ? '' : `\n\n${readFileSync(path.join(folder, file), 'utf8').trim()}`;
    return `${name} ${version} (${license ?? 'licence not named'})${text}\n`;
  });
  return `dist/netdrift.cjs contains the following packages.\n\n${parts.sort().join(`\n${'-'.repeat(80)}\n\n`)}`;
}
