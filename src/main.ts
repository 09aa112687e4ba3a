import { runCommandLine } from './cli/program.ts';

// An empty event loop before the answer is a defect, and must not look like success.
process.exitCode = 1;
runCommandLine(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
