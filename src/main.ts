// First: the flags count for what is loaded after them.
import './flags.ts';
import { runCommandLine } from './cli/program.ts';

process.exitCode = await runCommandLine(process.argv.slice(2));
