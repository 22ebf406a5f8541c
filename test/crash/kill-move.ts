import type { MoveReport } from '@filedepot/ledger'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** What the program tells. */
interface Said {
  readonly changed?: number
  readonly report?: MoveReport
}

/**
 * Moves files in a process of its own, which is killed by SIGKILL when it has moved so many values. Resolves with its report if
 * it came to its end before.
 *
 * @throws Error if the program fails by itself
 */
export async function killMove(
  options: object,
  after: number,
): Promise<{ changed: number; report: MoveReport | undefined }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'moving-program.mjs')], {
    // What the flags of a test runner load is not meant for it.
    env: { ...process.env, NODE_OPTIONS: '', FILEDEPOT_MOVE: JSON.stringify(options) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'close')
  let [complained, changed] = ['', 0]
  let report: MoveReport | undefined
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complained += text))
  for await (const line of createInterface({ input: child.stdout })) {
    const said = JSON.parse(line) as Said
    changed = said.changed ?? changed
    report ??= said.report
    if (changed >= after && !report) child.kill('SIGKILL')
  }
  const [code, signal] = (await ended) as [number | null, NodeJS.Signals | null]
  if (code !== 0 && signal !== 'SIGKILL')
    throw new Error(`the program ended with ${code ?? ''}: ${complained}`)
  return { changed, report }
}
