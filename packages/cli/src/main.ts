import { Cli } from './cli.ts'
import { registerCat } from './commands/cat.ts'
import { registerCopy } from './commands/copy.ts'
import { registerDoctor } from './commands/doctor.ts'
import { registerDrain } from './commands/drain.ts'
import { registerGc } from './commands/gc.ts'
import { registerInit } from './commands/init.ts'
import { registerLs } from './commands/ls.ts'
import { registerMigrate } from './commands/migrate.ts'
import { registerOwn } from './commands/own.ts'
import { registerRestore } from './commands/restore.ts'
import { registerShow } from './commands/show.ts'
import { registerStats } from './commands/stats.ts'
import { registerSweep } from './commands/sweep.ts'
import { registerTriggers } from './commands/triggers.ts'
import { registerVerify } from './commands/verify.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import type { Streams } from './output.ts'
import { Command, CommanderError } from 'commander'

/** What {@link main} runs with, if not with the process. */
export interface MainOptions {
  readonly streams?: Streams
  /** The folder in which it looks for the configuration. @default the working directory */
  readonly cwd?: string
  /** Stops the command. @default Ctrl-C and SIGTERM do */
  readonly signal?: AbortSignal
}

/** In the order of the help. */
const COMMANDS = [
  registerInit,
  registerDoctor,
  registerTriggers,
  registerStats,
  registerDrain,
  registerSweep,
  registerGc,
  registerVerify,
  registerOwn,
  registerCopy,
  registerMigrate,
  registerRestore,
  registerLs,
  registerShow,
  registerCat,
]

const EXIT_CODES = `
Exit codes:
  0  fine
  1  found something that needs you: a missing file, a deletion that failed
  2  wrong usage, or --yes is missing; nothing was done
  3  could not be done, or was stopped

Documentation: https://www.npmjs.com/package/filedepot`

/**
 * Runs the command line.
 *
 * ```ts
 * import { main } from 'filedepot/main'
 *
 * const exitCode = await main(['drain', '--json'])
 * ```
 *
 * @param args the arguments without those of Node
 * @returns 0, 1, 2 or 3
 */
export async function main(args: readonly string[], options: MainOptions = {}): Promise<ExitCode> {
  const { streams = process, cwd = process.cwd() } = options
  const stop = options.signal ? undefined : stopOnSignals(streams)
  // A reader that has seen enough, such as "head".
  streams.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.fine)
    throw error
  })
  const cli = new Cli(streams, cwd, options.signal ?? (stop as { signal: AbortSignal }).signal)
  try {
    await programOf(cli, streams).parseAsync(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? EXIT.fine : EXIT.usage
  } finally {
    stop?.end()
  }
  await Promise.all(
    [streams.stdout, streams.stderr].map((sink) => new Promise((done) => sink.write('', done))),
  )
  return cli.exitCode
}

function programOf(cli: Cli, streams: Streams): Command {
  const program = new Command('filedepot')
    .description('Looks after the files of your rows: what is missing, what is superfluous, what waits.')
    .option(
      '-c, --config <file>',
      'the configuration; by default filedepot.config.ts here or in a folder above',
    )
    .option('--env-file <file>', 'reads variables of the environment from a file, such as .env')
    .option('--database <name>', 'one of several databases of the configuration')
    .option('--depot <name>', 'one of several depots of the configuration')
    .option('--json', 'one JSON object a line, for machines', false)
    .option('-q, --quiet', 'no progress and no report, only errors', false)
    .option('-y, --yes', 'does not ask before it deletes', false)
    .helpCommand('help [command]', 'says more about a command')
    .addHelpText('after', EXIT_CODES)
    .showHelpAfterError('(add --help to see what there is)')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void streams.stdout.write(text),
      writeErr: (text) => void streams.stderr.write(text),
      getOutHelpWidth: () => streams.stdout.columns ?? 100,
      getErrHelpWidth: () => streams.stderr.columns ?? 100,
    })
  for (const register of COMMANDS) register(program, cli)
  return program
}

/** The first signal ends the command where it can go on later; the second one ends the process. */
function stopOnSignals({ stderr }: Streams): { signal: AbortSignal; end: () => void } {
  const controller = new AbortController()
  const onSignal = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(EXIT.failed)
    // First, as it ends the bar of a terminal.
    controller.abort(new Error(name))
    stderr.write('\nStopping when what is in progress is done. Press again to stop at once.\n')
  }
  const names = ['SIGINT', 'SIGTERM'] as const
  for (const name of names) process.on(name, onSignal)
  return {
    signal: controller.signal,
    end() {
      for (const name of names) process.removeListener(name, onSignal)
    },
  }
}
