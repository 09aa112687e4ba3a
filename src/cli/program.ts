import { Command, CommanderError } from 'commander';
import { NetdriftError } from '../errors.ts';
import { VERSION } from '../version.ts';
import { EXIT } from './exit.ts';

interface ConfigOption {
  readonly config?: string;
}

/** Each command lives in its own file and is loaded only when it runs, so that none pays for another's start. */
export async function runCommandLine(words: readonly string[]): Promise<number> {
  let status: number = EXIT.published;
  const program = new Command('netdrift')
    .description(
      'Keeps DNS records pointing at this host: watches the network, learns the address the world sees, publishes it.',
    )
    .version(VERSION, '-V, --version')
    .exitOverride()
    .showHelpAfterError('(netdrift --help lists the commands)')
    .configureHelp({ sortSubcommands: false });

  const command = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .exitOverride()
      .option(
        '-c, --config <file>',
        'the configuration; default: $NETDRIFT_CONFIG, ./config.yaml or /etc/netdrift/config.yaml',
      );

  command('run', 'run in the foreground until told to stop').action(async (options: ConfigOption) => {
    const { run } = await import('./run.ts');
    status = await run(options);
  });
  command('once', 'detect, publish, exit: for cron and Task Scheduler').action(
    async (options: ConfigOption) => {
      const { once } = await import('./once.ts');
      status = await once(options);
    },
  );
  command('check', 'read the configuration, say everything that is wrong with it').action(
    async (options: ConfigOption) => {
      const { check } = await import('./check.ts');
      status = await check(options);
    },
  );
  command('plan', 'show what would be written; write nothing')
    .option('--json', 'as JSON')
    .action(async (options: ConfigOption & { readonly json?: true }) => {
      const { planCommand } = await import('./plan.ts');
      status = await planCommand(options);
    });
  command('status', 'what the running netdrift knows, published and waits for')
    .option('--json', 'as JSON')
    .action(async (options: ConfigOption & { readonly json?: true }) => {
      const { status: show } = await import('./status.ts');
      status = await show(options);
    });
  command('trigger', 'make the running netdrift look now')
    .option('--release <sink>', 'first drop what is held of this sink')
    .action(async (options: ConfigOption & { readonly release?: string }) => {
      const { trigger } = await import('./trigger.ts');
      status = await trigger(options);
    });
  command('doctor', 'ask every witness, the router and every sink once; say what to fix; change nothing')
    .option('--json', 'as JSON')
    .action(async (options: ConfigOption & { readonly json?: true }) => {
      const { doctor } = await import('./doctor.ts');
      status = await doctor(options);
    });
  program
    .command('providers')
    .description('list the providers, or show how to set one up')
    .argument('[name]', 'as written after provider:')
    .option('--json', 'as JSON')
    .exitOverride()
    .action(async (name: string | undefined, options: { readonly json?: true }) => {
      const { providersCommand } = await import('./providers.ts');
      status = await providersCommand(name, options);
    });
  command('watch', 'print raw events and decisions, for bug reports').action(
    async (options: ConfigOption) => {
      const { watch } = await import('./watch.ts');
      status = await watch(options);
    },
  );

  // A reader that has seen enough (`netdrift plan | head`) ends a command; `run` and `once` write through their log and go on.
  const quitQuietly = (error: NodeJS.ErrnoException): void => {
    if (error.code === 'EPIPE') process.exit(status);
  };
  if (!['run', 'once'].includes(words[0] ?? '')) process.stdout.on('error', quitQuietly);
  try {
    await program.parseAsync(words, { from: 'user' });
    return status;
  } catch (error) {
    return report(error);
  }
}

/** Ends with one line and a remedy, never with a stack trace. */
function report(error: unknown): number {
  if (error instanceof CommanderError) {
    // commander has printed the help or the complaint already.
    const asked = ['commander.help', 'commander.helpDisplayed', 'commander.version'].includes(error.code);
    return asked && error.exitCode === 0 ? EXIT.published : EXIT.usage;
  }
  if (error instanceof NetdriftError) {
    process.stderr.write(`netdrift: ${error.message}\n  ${error.remedy} (${error.code})\n`);
    return error.exit;
  }
  const words = error instanceof Error ? error.message : String(error);
  process.stderr.write(`netdrift: ${words}\n`);
  return EXIT.unpublished;
}
