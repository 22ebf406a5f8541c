import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { DepotManager, MemoryBackend } from '@filedepot/core'
import { newFileId } from '@filedepot/core/backend'
import { Ledger } from '@filedepot/ledger'
import { ChaosBackend } from '@filedepot/testing'
import fc from 'fast-check'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { isOn, kind } from '../../../test/databases/database-kind.ts'
import { refsIn, valueOf } from './support/books.ts'
import { documents, type DocumentsDatabase } from './support/documents.ts'
import type { TestDatabase } from './support/test-database.ts'

/** Several connections write the same few rows and share the same few files, while files are deleted beside them. */
const ROWS = ['a', 'b', 'c', 'd', 'e']
const PATHS = 8
const SEED = Number(process.env.FILEDEPOT_TEST_SEED ?? (process.env.CI ? 2026 : Date.now() % 2 ** 31))
const RUNS = Number(process.env.FILEDEPOT_TEST_PROGRAMS ?? (process.env.CI ? 60 : 15))

type Statement =
  | Step<'insert', { files: readonly number[] }>
  | Step<'replace', { files: readonly number[] }>
  | Step<'clear'>
  | Step<'delete'>
  | Step<'deleteAll'>
  | Step<'copy', { other: string }>
  | Step<'swap', { other: string }>
  | Step<'insertMany', { other: string }>

type Step<Do, More = object> = { readonly do: Do; readonly row: string } & Readonly<More>

interface Transaction {
  readonly statements: readonly Statement[]
  readonly end: 'commit' | 'rollback' | 'disconnect'
}

const row = fc.constantFrom(...ROWS)
const files = fc.uniqueArray(fc.nat(PATHS - 1), { minLength: 1, maxLength: 3 })
const statement: fc.Arbitrary<Statement> = fc.oneof(
  fc.record({ do: fc.constantFrom('insert' as const, 'replace' as const), row, files }),
  fc.record({ do: fc.constantFrom('clear' as const, 'delete' as const, 'deleteAll' as const), row }),
  fc.record({
    do: fc.constantFrom('copy' as const, 'swap' as const, 'insertMany' as const),
    row,
    other: row,
  }),
)
const transaction: fc.Arbitrary<Transaction> = fc.record({
  statements: fc.array(statement, { minLength: 1, maxLength: 4 }),
  end: fc.constantFrom('commit', 'commit', 'commit', 'rollback', 'disconnect'),
})
const program = fc.array(fc.array(transaction, { minLength: 1, maxLength: 4 }), {
  minLength: 2,
  maxLength: 4,
})

describe('several writers of the same rows, with deletions beside them', () => {
  let database: DocumentsDatabase

  beforeAll(async () => {
    database = await documents()
  })

  afterAll(() => database.close())

  it(`keep the books right (seed ${SEED}, ${RUNS} programs)`, async () => {
    const columns = [...database.columns, { table: 'documents', column: 'note' }]
    await database.run(kind === 'sqlite' ? 'SELECT 1' : `ALTER TABLE documents ${widen()}`)
    const depot = new DepotManager()
    const chaos = new ChaosBackend(new MemoryBackend())
    depot.configure('default', chaos)
    depot.on('deleteFailed', () => undefined)
    const ledger = new Ledger(depot, database.client, { columns })
    await ledger.install()

    await fc.assert(
      fc.asyncProperty(program, fc.boolean(), async (clients, isDown) => {
        if (isDown) chaos.fail('delete', { error: new Error('the storage is down') })
        await database.run('DELETE FROM documents')
        await database.run('DELETE FROM filedepot_files')
        const paths = Array.from({ length: PATHS }, () => `default/${newFileId()}`)
        const clientsAre = { over: false }
        const draining = (async () => {
          while (!clientsAre.over) {
            await ledger.drain().catch(isBusy)
            await setImmediate()
          }
        })()

        await Promise.all(
          clients.map(async (transactions) => {
            for (const one of transactions) await runTransaction(database, one, paths)
          }),
        )
        clientsAre.over = true
        await draining

        const held = await heldPaths(database)
        expect(await refsIn(database)).toEqual(held)
        const gone = await database.run('SELECT path FROM filedepot_files WHERE gone AND refs > 0')
        expect(gone).toEqual([])
        const discarded = await database.run(
          'SELECT path, refs FROM filedepot_files WHERE discarded_at IS NOT NULL AND refs <> 0',
        )
        expect(discarded).toEqual([])
        chaos.restore()
        await database.run('UPDATE filedepot_files SET retry_at = NULL WHERE discarded_at IS NOT NULL')
        await ledger.drain()
        const { waiting } = await ledger.stats()
        expect(waiting).toBe(0)
      }),
      { numRuns: RUNS, seed: SEED, endOnFailure: true },
    )
  })
})

function widen(): string {
  return kind === 'postgres' ? 'ALTER COLUMN note TYPE text' : 'MODIFY note text'
}

async function runTransaction(
  { onConnection }: TestDatabase,
  { statements, end }: Transaction,
  paths: readonly string[],
): Promise<void> {
  await onConnection(async (run) => {
    try {
      await begin(run)
      for (const one of statements) {
        await runStatement(run, one, paths)
        await setImmediate()
      }
      if (end !== 'disconnect') await run(end === 'commit' ? 'COMMIT' : 'ROLLBACK')
    } catch {
      // A deadlock, a row that is there already, a file that is gone: the connection ends, and with it all of this.
    }
  })
}

/** SQLite has one writer, and the others try again. */
async function begin(run: TestDatabase['run']): Promise<void> {
  if (!isOn('sqlite')) {
    await run('BEGIN')
    return
  }
  for (;;) {
    try {
      await run('BEGIN IMMEDIATE')
      return
    } catch (error) {
      isBusy(error)
      await setTimeout(1)
    }
  }
}

async function runStatement(
  run: TestDatabase['run'],
  step: Statement,
  paths: readonly string[],
): Promise<void> {
  const value = (numbers: readonly number[]) => valueOf(...numbers.map((n) => paths[n] ?? ''))
  if (step.do === 'insert') {
    await run('INSERT INTO documents (name, file) VALUES (?, ?)', [step.row, value(step.files)])
  } else if (step.do === 'replace') {
    const both = [value(step.files), value(step.files.slice(1).concat(0))]
    await run('UPDATE documents SET file = ?, note = ? WHERE name = ?', [...both, step.row])
  } else if (step.do === 'clear') {
    await run('UPDATE documents SET file = NULL WHERE name = ?', [step.row])
  } else if (step.do === 'delete') {
    await run('DELETE FROM documents WHERE name = ?', [step.row])
  } else if (step.do === 'copy') {
    await run(
      'UPDATE documents SET file = (SELECT f FROM (SELECT file f FROM documents WHERE name = ?) x) WHERE name = ?',
      [step.other, step.row],
    )
  } else if (step.do === 'deleteAll') {
    await run('DELETE FROM documents WHERE name <= ?', [step.row])
  } else if (step.do === 'swap') {
    // MariaDB assigns from left to right, so that both have the file then.
    await run('UPDATE documents SET note = file, file = note WHERE name IN (?, ?)', [step.row, step.other])
  } else {
    const name = isOn('mariadb') ? "CONCAT(name, '+')" : "name || '+'"
    await run(`INSERT INTO documents (name, file) SELECT ${name}, file FROM documents WHERE name IN (?, ?)`, [
      step.row,
      step.other,
    ])
  }
}

/** How many values refer to each path, counted by the rows. */
async function heldPaths({ run }: TestDatabase): Promise<Record<string, number>> {
  const held: Record<string, number> = {}
  for (const { file, note } of await run('SELECT file, note FROM documents')) {
    for (const value of [file, note]) {
      if (typeof value !== 'string') continue
      for (const path of new Set((JSON.parse(value) as { files: string[] }).files))
        held[path] = (held[path] ?? 0) + 1
    }
  }
  return Object.fromEntries(Object.entries(held).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** On SQLite, a connection that meets a writer is refused at once here. */
function isBusy(error: unknown): void {
  if (!isOn('sqlite') || (error as { code?: unknown }).code !== 'SQLITE_BUSY') throw error
}
