import type { Command } from 'commander'
import { dirname } from 'node:path'
import { adviceFor } from './advice.ts'
import { EXIT, UsageError, type ExitCode } from './exit-codes.ts'
import { findConfig } from './find-config.ts'
import { loadConfig } from './load-config.ts'
import { OpenConfig } from './open-config.ts'
import { Output, type Streams } from './output.ts'
import { Project } from './project.ts'

/** The options that every command has. */
export interface GlobalOptions {
  readonly config?: string
  readonly envFile?: string
  readonly depot?: string
  readonly database?: string
  readonly json: boolean
  readonly quiet: boolean
  readonly yes: boolean
}

/** What a command is run with. */
export interface CommandContext {
  readonly out: Output
  readonly cwd: string
  readonly streams: Streams
  readonly signal: AbortSignal
  /** Loads the configuration, once. */
  readonly open: () => Promise<OpenConfig>
}

/** A command, with its arguments and options as they were written. */
export type Action<Options extends object> = (
  context: CommandContext,
  options: Options,
  ...args: string[]
) => Promise<ExitCode>

/** Runs commands, and says how they have ended. */
export class Cli {
  /** How the last command has ended. */
  exitCode: ExitCode = EXIT.fine
  readonly #streams: Streams
  readonly #cwd: string
  readonly #signal: AbortSignal

  constructor(streams: Streams, cwd: string, signal: AbortSignal) {
    this.#streams = streams
    this.#cwd = cwd
    this.#signal = signal
  }

  /** Gives a command of `commander` what it does. */
  run<Options extends object>(command: Command, action: Action<Options>): void {
    command.action(async () => {
      const options = command.optsWithGlobals<Options & GlobalOptions>()
      this.exitCode = await this.#settle(options, async (context) => {
        return await action(context, options, ...command.processedArgs.flat().filter(isText))
      })
    })
  }

  async #settle(
    options: GlobalOptions,
    action: (context: CommandContext) => Promise<ExitCode>,
  ): Promise<ExitCode> {
    const { json, quiet, yes } = options
    const out = new Output(this.#streams, { json, quiet, yes, signal: this.#signal })
    let opening: Promise<OpenConfig> | undefined
    const open = () => (opening ??= this.#open(options))
    let exitCode: ExitCode
    try {
      exitCode = await action({ out, cwd: this.#cwd, streams: this.#streams, signal: this.#signal, open })
    } catch (error) {
      exitCode = this.#explain(out, error)
    }
    await (await opening?.catch(() => undefined))?.close().catch(() => undefined)
    return exitCode
  }

  async #open({ config, envFile, depot, database }: GlobalOptions): Promise<OpenConfig> {
    if (envFile !== undefined) loadEnvironment(envFile)
    const path = findConfig(this.#cwd, config)
    // Relative paths in a configuration count from its own folder, not from that of the shell.
    process.chdir(dirname(path))
    const project = new Project(dirname(path))
    return new OpenConfig(path, project, await loadConfig(path, project), { depot, database })
  }

  #explain(out: Output, error: unknown): ExitCode {
    if (error instanceof UsageError) {
      out.fail(error.message)
      return EXIT.usage
    }
    if (this.#signal.aborted) {
      out.fail('Stopped.', {
        code: 'ABORTED',
        advice: 'What was done stays done, and nothing is half done. Run the same command again to go on.',
      })
      return EXIT.failed
    }
    const code = (error as { code?: unknown } | undefined)?.code
    out.fail(error instanceof Error ? error.message || error.name : String(error), {
      code: typeof code === 'string' ? code : undefined,
      advice: adviceFor(code),
    })
    return code === 'INVALID_FILE_ID' ? EXIT.usage : EXIT.failed
  }
}

function loadEnvironment(path: string): void {
  try {
    process.loadEnvFile(path)
  } catch (cause) {
    throw new UsageError(`cannot read the file of --env-file: ${(cause as Error).message}`)
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
