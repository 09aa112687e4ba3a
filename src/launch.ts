// First: the flags count for what is loaded after them, and a code cache is for the flags it was made with.
import './flags.ts';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { constants, Script } from 'node:vm';

/** Of the program. */
declare const __NETDRIFT_DIGEST__: string;

/** The file, or nothing: no cache was made for this Node. */
function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

// The program is one file. To compile what starting needs of it takes a fifth of a start, so the build keeps what V8 made of it, for
// the Node that built (https://v8.dev/blog/code-caching). V8 refuses a cache of another version or other flags and compiles then, but
// compares no more than the length of the text: hence the digest in the name.
const cache = `program-${__NETDRIFT_DIGEST__}-${process.version}-${process.platform}-${process.arch}.cache`;
const program = path.join(__dirname, 'program.cjs');
// The text is ASCII, as esbuild writes it: to look for more would take milliseconds.
const script = new Script(readFileSync(program, 'latin1'), {
  filename: program,
  cachedData: readIfThere(path.join(__dirname, cache)),
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
});
script.runInThisContext()(require);
