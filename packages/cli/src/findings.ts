import type { Finding, GarbageOptions } from '@filedepot/ledger'
import { count, keyText } from './format.ts'
import type { Output } from './output.ts'

const WORDS: Readonly<Record<Finding['kind'], string>> = {
  dangling: 'missing',
  orphaned: 'no row',
  changed: 'changed',
  unreadable: 'unreadable',
  unconfigured: 'no storage',
  unchecked: 'not checked',
}

/** So many of each kind are named to people who have not asked for all. */
const NAMED = 20

/** Runs a comparison of rows and storages: shows how far it has come, and names what it finds. */
export async function compare<R>(
  out: Output,
  { label, all = false }: { label: string; all?: boolean | undefined },
  run: (heard: Heard) => Promise<R>,
): Promise<R> {
  const found = new FoundThings(out, { all })
  const progress = out.progress({ label })
  try {
    return await run({
      onFinding: found.add,
      onProgress: ({ files, values }) => {
        progress.update({ done: files, note: count(values, 'value') })
      },
    })
  } finally {
    progress.stop()
    await found.end()
  }
}

/** What a comparison calls. */
type Heard = Required<Pick<GarbageOptions, 'onFinding' | 'onProgress'>>

/** Names findings as they come: all of them to machines, the first ones of each kind to people. */
class FoundThings {
  readonly #out: Output
  readonly #all: boolean
  readonly #counts = new Map<Finding['kind'], number>()

  constructor(out: Output, { all = false }: { all?: boolean }) {
    this.#out = out
    this.#all = all
  }

  /** For `onFinding`. */
  readonly add = async (finding: Finding): Promise<void> => {
    const count = (this.#counts.get(finding.kind) ?? 0) + 1
    this.#counts.set(finding.kind, count)
    if (this.#out.json || this.#all || count <= NAMED) {
      await this.#out.report(this.#textOf(finding), { event: 'finding', ...finding })
    }
  }

  /** Says how many were not named. */
  async end(): Promise<void> {
    for (const [kind, found] of this.#counts) {
      if (this.#all || found <= NAMED) continue
      await this.#out.say(`  … and ${count(found - NAMED, 'other')} with "${WORDS[kind]}": --all names them`)
    }
  }

  #textOf(finding: Finding): string {
    const { red, yellow, dim } = this.#out.colors
    const colored = finding.kind === 'orphaned' ? yellow : red
    const word = colored(WORDS[finding.kind].padEnd(10))
    const row = 'key' in finding ? `${finding.table}.${finding.column} of ${keyText(finding.key)}` : ''
    const path = 'path' in finding ? finding.path : ''
    const reason = 'reason' in finding ? dim(` (${finding.reason})`) : ''
    return `  ${word} ${[path, row].filter((part) => part !== '').join('  ')}${reason}`
  }
}
