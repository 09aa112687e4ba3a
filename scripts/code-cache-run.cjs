// `node scripts/code-cache-run.cjs LAUNCHER WORD...`: runs the launcher as it is, and writes at the end what V8 compiled meanwhile to the file
// in which the launcher looked for it.
const fs = require('node:fs');
const vm = require('node:vm');

const [node, , launcher, ...words] = process.argv;
process.argv = [node, launcher, ...words];

let cache;
const { readFileSync, writeFileSync } = fs;
fs.readFileSync = (file, ...rest) => {
  if (String(file).endsWith('.cache')) cache = file;
  return readFileSync(file, ...rest);
};

const { Script } = vm;
vm.Script = class extends Script {
  constructor(text, options) {
    super(text, options);
    fs.readFileSync = readFileSync;
    process.on('exit', () => writeFileSync(cache, this.createCachedData()));
  }
};
require(launcher);
