// `node scripts/code-cache-run.cjs LAUNCHER CACHE WORD...`: runs the launcher as it is, and writes at the end what V8 compiled meanwhile to
// CACHE, to which is added what tells one Node from the other (src/launch.ts).
const { writeFileSync } = require('node:fs');
const vm = require('node:vm');

const [node, , launcher, cache, ...words] = process.argv;
process.argv = [node, launcher, ...words];

const { Script } = vm;
vm.Script = class extends Script {
  constructor(text, options) {
    super(text, options);
    process.on('exit', () => {
      const file = `${cache}-${process.version}-${process.platform}-${process.arch}.cache`;
      writeFileSync(file, this.createCachedData());
    });
  }
};
require(launcher);
