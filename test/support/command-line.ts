import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import pty from '@lydell/node-pty'
import xterm from '@xterm/headless'

/** How a command has ended. */
export interface Ended {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

const bin = (cwd: string) => join(cwd, 'node_modules', '.bin', 'filedepot')

/**
 * Runs the installed command without a terminal.
 *
 * @param project where it is installed. @default cwd
 */
export async function filedepot(
  cwd: string,
  args: readonly string[],
  { env = {}, project = cwd }: { env?: Readonly<Record<string, string>>; project?: string } = {},
): Promise<Ended> {
  const child = spawn(bin(project), args, {
    cwd,
    env: { ...clean(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()))
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()))
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve)
  })
  return { exitCode, stdout, stderr }
}

/** The objects that `--json` has written. */
export function events({ stdout }: Ended): Record<string, unknown>[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

/** A command on a pseudo-terminal, and the screen that a person would see. */
export class OnTerminal {
  readonly #screen = new xterm.Terminal({ cols: 100, rows: 30, allowProposedApi: true })
  readonly #process: pty.IPty
  readonly #written: Promise<void>[] = []
  /** Everything that was ever written to the terminal. */
  all = ''
  readonly exitCode: Promise<number>

  constructor(cwd: string, args: readonly string[]) {
    this.#process = pty.spawn(bin(cwd), [...args], {
      cwd,
      cols: 100,
      rows: 30,
      env: { ...clean(), TERM: 'xterm' },
    })
    this.#process.onData((data) => {
      this.all += data
      this.#written.push(
        new Promise((resolve) => {
          this.#screen.write(data, resolve)
        }),
      )
    })
    this.exitCode = new Promise((resolve) => {
      this.#process.onExit(({ exitCode }) => {
        resolve(exitCode)
      })
    })
  }

  type(keys: string): void {
    this.#process.write(keys)
  }

  /** Resolves when the terminal has shown a text. Rejects if the command ends without it. */
  async shows(text: string): Promise<void> {
    const ended = this.exitCode.then(() => 'ended')
    while (!this.all.includes(text)) {
      if ((await Promise.race([ended, setTimeout(20)])) === 'ended' && !this.all.includes(text))
        throw new Error(`the command has ended without "${text}":\n${this.all}`)
    }
  }

  /** The lines that are on the screen when the command has ended. */
  async screen(): Promise<string[]> {
    await this.exitCode
    await Promise.all(this.#written)
    const { active } = this.#screen.buffer
    const lines = Array.from(
      { length: active.length },
      (_, line) => active.getLine(line)?.translateToString(true) ?? '',
    )
    return lines.slice(0, lines.findLastIndex((line) => line !== '') + 1)
  }
}

/** The environment of a person, not that of a test. */
function clean(): Record<string, string> {
  const rest = { ...process.env } as Record<string, string>
  for (const name of ['CI', 'NODE_OPTIONS', 'FORCE_COLOR']) Reflect.deleteProperty(rest, name)
  return rest
}
