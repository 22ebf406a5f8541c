import type { DataSource, EntityMetadata, QueryRunner } from 'typeorm'
import { dataSourceOf, familyOf } from '../../typeorm-internals.ts'
import { reachesFiles, referencesTo, tablesOf } from '../reading/foreign-keys.ts'
import type { EntityFiles } from './row-file-changes.ts'
import { inTransaction } from '../transaction/in-transaction.ts'
import { readerOf } from '../reading/row-reader.ts'
import type { RunnerTransactions } from '../transaction/transactions.ts'
import { escapeTable } from '../reading/select-rows.ts'
import type { InTurn } from '../transaction/connection-turns.ts'
import type { TransactionWrites } from '../transaction/transaction-writes.ts'

/** TypeORM 0.3 has no options. */
export type ClearArguments = readonly [table: string, options?: { cascade?: boolean } | undefined]

/** What `clear()` of repositories and managers does to files: TRUNCATE, or on SQLite a DELETE, of whole tables. */
export class TableClears {
  readonly #transactions: RunnerTransactions
  readonly #files: EntityFiles
  readonly #inTurn: InTurn

  readonly #writes: TransactionWrites

  constructor(parts: {
    transactions: RunnerTransactions
    files: EntityFiles
    inTurn: InTurn
    writes: TransactionWrites
  }) {
    this.#writes = parts.writes
    this.#transactions = parts.transactions
    this.#files = parts.files
    this.#inTurn = parts.inTurn
  }

  async run(
    queryRunner: QueryRunner,
    [table, options]: ClearArguments,
    clear: () => Promise<void>,
  ): Promise<void> {
    const cascade = options?.cascade === true
    const cleared = clearedBy(dataSourceOf(queryRunner), table, cascade)
    if (cleared.length === 0) {
      await clear()
      return
    }
    const clearAll = () => this.#clear(queryRunner, cleared, clear)
    await this.#writes.run(queryRunner, async () => {
      if (queryRunner.isTransactionActive) await clearAll()
      else await this.#clearAlone(queryRunner, cleared, clearAll)
    })
  }

  async #clearAlone(
    queryRunner: QueryRunner,
    cleared: readonly EntityMetadata[],
    clearAll: () => Promise<void>,
  ): Promise<void> {
    await this.#inTurn(cleared[0]?.target, async () => {
      if (familyOf(dataSourceOf(queryRunner)) !== 'mysql') {
        await inTransaction(queryRunner, clearAll)
        return
      }
      // MySQL and MariaDB commit a TRUNCATE with itself.
      await clearAll()
      await this.#transactions.finished(queryRunner)
    })
  }

  async #clear(
    queryRunner: QueryRunner,
    cleared: readonly EntityMetadata[],
    clear: () => Promise<void>,
  ): Promise<void> {
    const reader = readerOf(queryRunner)
    const transaction = await this.#transactions.enter(queryRunner)
    for (const metadata of cleared) {
      await lock(queryRunner, metadata)
      const rows = await reader.readAll(metadata)
      await this.#files.remove(transaction, { queryRunner, metadata, rows }, cleared)
    }
    await clear()
    const left = await Promise.all(cleared.map((metadata) => reader.readAll(metadata)))
    if (left.flat().length === 0) transaction.claims.confirm(cleared)
    else await transaction.claims.verify(cleared, queryRunner)
  }
}

/** Nobody may add a row between our look and the TRUNCATE, which takes the same lock. */
async function lock(queryRunner: QueryRunner, metadata: EntityMetadata): Promise<void> {
  const dataSource = dataSourceOf(queryRunner)
  if (familyOf(dataSource) !== 'postgres') return
  await readerOf(queryRunner).query([`LOCK TABLE ${escapeTable(dataSource, metadata)}`, []])
}

/** The entities with files whose tables are emptied: those of this table, and with CASCADE of all that refer to it. */
function clearedBy(dataSource: DataSource, table: string, cascade: boolean): EntityMetadata[] {
  const reached = new Set(tablesOf(dataSource).filter(({ tablePath }) => tablePath === table))
  if (cascade) {
    for (const metadata of reached) {
      for (const { child } of referencesTo(dataSource, metadata)) reached.add(child)
    }
  }
  return [...reached].filter((metadata) => reachesFiles(dataSource, metadata))
}
