// The bill of materials of what ships: the packages inside the bundle, which are development dependencies to npm, and those that npm
// installs beside it. CycloneDX 1.5 as JSON. The same sources give the same text: no time, no chance.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packageFolder } from './licences.mjs';

const readJson = (...parts) => JSON.parse(readFileSync(path.join(...parts), 'utf8'));

/** https://github.com/package-url/purl-spec: the @ of a scope is encoded. */
const purlOf = ({ name, version }) => `pkg:npm/${name.replace(/^@/, '%40')}@${version}`;

/** An SPDX expression (`MIT OR Apache-2.0`) has a place of its own. */
const licencesOf = (license) => {
  if (typeof license !== 'string') return undefined;
  return /[ (]/.test(license) ? [{ expression: license }] : [{ license: { id: license } }];
};

/** Subresource integrity of the lock file (`sha512-BASE64`), which is of the registry's archive, in hex. */
const hashesOf = (integrity) => {
  const [, digest] = /^sha512-(\S+)$/.exec(integrity ?? '') ?? [];
  return digest && [{ alg: 'SHA-512', content: Buffer.from(digest, 'base64').toString('hex') }];
};

function component(manifest, locked, bundled) {
  const [, group, name = manifest.name] = /^(@[^/]+)\/(.+)$/.exec(manifest.name) ?? [];
  return {
    type: 'library',
    'bom-ref': purlOf(manifest),
    ...(group && { group }),
    name,
    version: manifest.version,
    scope: locked.optional ? 'optional' : 'required',
    licenses: licencesOf(manifest.license),
    purl: purlOf(manifest),
    hashes: hashesOf(locked.integrity),
    properties: [{ name: 'netdrift:bundled', value: String(bundled) }],
  };
}

/** The locked package that `name` means to the package at `place`: the nearest node_modules, as Node looks for it. */
function resolve(packages, place, name) {
  for (let folder = place; ; folder = folder.replace(/(^|\/)node_modules\/(?:@[^/]+\/)?[^/]+$/, '')) {
    const candidate = path.posix.join(folder, 'node_modules', name);
    if (packages[candidate] !== undefined) return candidate;
    if (folder === '') return undefined;
  }
}

/** A package's folder as the lock file writes it, also where `node_modules` is a link to somewhere else. */
function lockedPlace(folder) {
  const place = folder.replaceAll(path.sep, '/');
  return place.slice(place.indexOf('node_modules/'));
}

/** Text of the bill for these inputs of esbuild's metafiles. */
export function sbom(root, inputs) {
  const manifest = readJson(root, 'package.json');
  const { packages } = readJson(root, 'package-lock.json');
  const bundled = inputs.flatMap((input) => packageFolder(root, input) ?? []);
  const places = new Map(bundled.map((folder) => [lockedPlace(path.relative(root, folder)), true]));
  const beside = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies });
  for (const name of beside) {
    const place = `node_modules/${name}`;
    if (!places.has(place)) places.set(place, false);
  }

  const components = new Map();
  for (const [place, inside] of places) {
    const locked = packages[place];
    if (locked === undefined) throw new Error(`${place} is not in package-lock.json`);
    const name = place.replace(/.*node_modules\//, '');
    // What npm did not install here (another platform's) is described by the lock file.
    const described = { name, version: locked.version, license: locked.license };
    components.set(place, component(described, locked, inside));
  }
  const refsOf = (place) =>
    Object.keys({ ...packages[place].dependencies, ...packages[place].optionalDependencies }).flatMap(
      (name) => components.get(resolve(packages, place, name))?.['bom-ref'] ?? [],
    );
  const sorted = [...components].sort(([, a], [, b]) => (a.purl < b.purl ? -1 : 1));
  const main = { ...manifest, 'bom-ref': purlOf(manifest) };
  const body = {
    metadata: {
      lifecycles: [{ phase: 'build' }],
      component: {
        type: 'application',
        'bom-ref': main['bom-ref'],
        name: main.name,
        version: main.version,
        description: main.description,
        licenses: licencesOf(main.license),
        purl: purlOf(main),
      },
    },
    components: sorted.map(([, described]) => described),
    dependencies: [
      { ref: main['bom-ref'], dependsOn: sorted.map(([, { purl }]) => purl) },
      ...sorted.map(([place, { purl }]) => ({ ref: purl, dependsOn: refsOf(place).sort() })),
    ],
  };
  const bill = {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    serialNumber: `urn:uuid:${uuid(JSON.stringify(body))}`,
    version: 1,
    ...body,
  };
  return `${JSON.stringify(bill, undefined, 2)}\n`;
}

/** RFC 9562, version 8: made of a digest, so that the number changes with what it stands for and with nothing else. */
function uuid(text) {
  const octets = createHash('sha256').update(text).digest().subarray(0, 16);
  octets[6] = (octets[6] & 0x0f) | 0x80;
  octets[8] = (octets[8] & 0x3f) | 0x80;
  return octets.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
