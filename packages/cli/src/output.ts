import { confirm, isCancel } from '@clack/prompts'
import { createColors } from 'picocolors'
import type { Readable, Writable } from 'node:stream'
import { UsageError } from './exit-codes.ts'
import { startProgress, type Progress, type ProgressOptions } from './progress.ts'
import { redact } from './redact.ts'

/** A terminal, a pipe or a file. */
export type Sink = Writable & { readonly isTTY?: boolean; readonly columns?: number }

/** What a command reads from and writes to. */
export interface Streams {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Sink
  readonly stderr: Sink
  readonly env: Readonly<Record<string, string | undefined>>
}

/** How the command is to speak. */
export interface OutputOptions {
  /** One JSON object a line, and nothing else. */
  readonly json: boolean
  /** Only what was asked for, and errors. */
  readonly quiet: boolean
  /** Does not ask before it deletes. */
  readonly yes: boolean
  /** Stops the command. */
  readonly signal: AbortSignal
}

/** A line of `--json`. `event` says what it is; the other properties depend on it. */
export interface OutputEvent {
  readonly event: 'progress' | 'finding' | 'file' | 'check' | 'result' | 'error'
  readonly [name: string]: unknown
}

/** What a command says: text for people, or objects for machines. Reports go to stdout; progress and errors to stderr. */
export class Output {
  readonly colors: ReturnType<typeof createColors>
  readonly #streams: Streams
  readonly #options: OutputOptions
  #progress: Progress | undefined

  constructor(streams: Streams, options: OutputOptions) {
    this.#streams = streams
    this.#options = options
    const { NO_COLOR, FORCE_COLOR, TERM } = streams.env
    const isWanted = FORCE_COLOR ? FORCE_COLOR !== '0' : streams.stdout.isTTY === true && TERM !== 'dumb'
    this.colors = createColors(isWanted && !NO_COLOR && !options.json)
  }

  get json(): boolean {
    return this.#options.json
  }

  /** The width of the terminal, or of a page. */
  get columns(): number {
    return this.#streams.stdout.columns ?? 100
  }

  /** A report for people. */
  async say(text: string): Promise<void> {
    if (!this.#options.json && !this.#options.quiet) await this.#write(`${text}\n`)
  }

  /** What the command was asked for, so also with `--quiet`. */
  async print(text: string, event: OutputEvent): Promise<void> {
    await this.#write(this.#options.json ? line(event) : `${text}\n`)
  }

  /** What was found, or done. Text for people that `--quiet` leaves out. */
  async report(text: string, event: OutputEvent): Promise<void> {
    if (this.#options.json) await this.#write(line(event))
    else await this.say(text)
  }

  /** Bytes as they are. */
  get raw(): Sink {
    return this.#streams.stdout
  }

  /** What could not be done. */
  fail(
    message: string,
    { code, advice }: { code?: string | undefined; advice?: string | undefined } = {},
  ): void {
    const { stdout, stderr, env } = this.#streams
    const clean = redact(message, env)
    if (this.#options.json) {
      stdout.write(line({ event: 'error', ...(code && { code }), message: clean, ...(advice && { advice }) }))
      return
    }
    const { bold, red } = createColors(stderr.isTTY === true && !env.NO_COLOR)
    stderr.write(`${bold(red('✘'))} ${clean}${code ? ` (${code})` : ''}\n`)
    if (advice) stderr.write(`  ${advice}\n`)
  }

  /** A bar on a terminal, lines elsewhere, objects with `--json`, nothing with `--quiet`. */
  progress(options: ProgressOptions): Progress {
    const { stdout, stderr } = this.#streams
    const kind = this.#options.json ? 'json' : this.#options.quiet ? 'none' : this.#hasBar ? stderr : 'lines'
    const sink = kind === 'json' ? stdout : stderr
    const write = (text: string) => void sink.write(text)
    this.#progress = startProgress(kind, write, { ...options, signal: this.#options.signal })
    return this.#progress
  }

  /**
   * Asks before something is deleted. True at once with `--yes`.
   *
   * @param what what is about to happen, as a sentence
   * @throws UsageError if there is no terminal to ask on
   */
  async confirm(what: string): Promise<boolean> {
    if (this.isSure(what)) return true
    const { stdin, stderr } = this.#streams
    const answer = await confirm({
      message: `${what} Go on?`,
      initialValue: false,
      input: stdin,
      output: stderr,
      signal: this.#options.signal,
      withGuide: false,
    })
    return !isCancel(answer) && answer
  }

  /**
   * True with `--yes`. For a command that looks for long before it asks.
   *
   * @throws UsageError if there is no terminal to ask on
   */
  isSure(what: string): boolean {
    const { stdin, stderr } = this.#streams
    if (this.#options.yes) return true
    if (!this.#options.json && stdin.isTTY === true && stderr.isTTY === true) return false
    throw new UsageError(`${what} There is no terminal to ask on: add --yes if that is what you want`)
  }

  get #hasBar(): boolean {
    const { stderr, env } = this.#streams
    return stderr.isTTY === true && !env.CI && env.TERM !== 'dumb'
  }

  /** Waits for a reader that is slower, so that a long list does not pile up in memory. */
  async #write(text: string): Promise<void> {
    const { stdout } = this.#streams
    const write = () => stdout.write(text)
    if (stdout.isTTY === true && this.#progress ? this.#progress.interrupt(write) : write()) return
    await new Promise<void>((resolve) => {
      const done = () => {
        for (const name of ['drain', 'close', 'error']) stdout.removeListener(name, done)
        resolve()
      }
      for (const name of ['drain', 'close', 'error']) stdout.once(name, done)
    })
  }
}

function line(event: OutputEvent): string {
  const asText = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value)
  return `${JSON.stringify(event, asText)}\n`
}
