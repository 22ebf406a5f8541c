import { AbortedError, type DepotManager, type UploadedFile } from '@filedepot/core'
import { bindManager, type Turns } from '@filedepot/core/integration'
import type { EntityMetadata, ObjectLiteral, QueryRunner } from 'typeorm'
import { pathsOf, prepareColumn, type Attached } from '../../column/attach-column.ts'
import { fileColumnsOf, type FileColumn } from '../../column/file-column.ts'
import type { LoadedFiles } from '../../column/loaded-files.ts'
import { readCascadedRows } from '../reading/cascaded-rows.ts'
import { sameObject } from '../../column/refusals.ts'
import { concurrentChange } from '../refusals.ts'
import { pathsIn, type RowFiles } from '../reading/row-files.ts'
import { readerOf } from '../reading/row-reader.ts'
import type { StatementClaim } from '../transaction/statement-claims.ts'
import type { RunnerTransaction } from '../transaction/transaction-state.ts'

/** A row that is about to change, as it is before. */
export interface RowChange {
  readonly metadata: EntityMetadata
  readonly key: ObjectLiteral
  /** `undefined` where it has gone since it was loaded. */
  readonly row: RowFiles | undefined
  /** False for values that are only set in the row, so that nobody has loaded them from it. */
  readonly isEntity: boolean
}

/** Rows that are about to be deleted. */
export interface RowsRemoval {
  readonly queryRunner: QueryRunner
  readonly metadata: EntityMetadata
  readonly rows: readonly RowFiles[]
}

/** What happens to the files of one row when TypeORM is about to insert, update or remove it. */
export class EntityFiles {
  readonly #depot: DepotManager
  readonly #loaded: LoadedFiles
  /** The objects whose files are about to be written into a new row. */
  readonly #inserting = new Set<ObjectLiteral>()
  /** The same, by the batch that uploads them. */
  readonly #batches = new WeakMap<Promise<void>, ObjectLiteral[]>()
  readonly #turns: Turns

  constructor(depot: DepotManager, loaded: LoadedFiles, turns: Turns) {
    this.#depot = depot
    this.#loaded = loaded
    this.#turns = turns
  }

  /** Uploads what the entity holds, and lets it hold the stored values. */
  insert(
    transaction: RunnerTransaction,
    metadata: EntityMetadata,
    entity: ObjectLiteral,
  ): Promise<void> | undefined {
    const columns = fileColumnsOf(metadata).filter(
      (column) => column.column.isInsert && column.list(column.get(entity)).length > 0,
    )
    if (columns.length === 0) return undefined
    // TypeORM makes a row for each time that an object stands in a list, and all of them from its last state.
    if (this.#inserting.has(entity)) throw sameObject(metadata)
    this.#inserting.add(entity)
    const inserting = columns.map((column) =>
      this.#attach(transaction, column, entity, [], (attached, scope) => {
        if (!attached) return
        const held = (queryRunner: QueryRunner) => pathsOfText(queryRunner, column, attached.text)
        this.#claim(transaction, entity, { metadata, kind: 'insert', ...attached, lost: [], held }, scope)
      }),
    )
    // All of them are the one promise of a batch.
    const [batch] = inserting
    if (batch) this.#keepUntil(batch, entity)
    return batch
  }

  #keepUntil(batch: Promise<void>, entity: ObjectLiteral): void {
    let entities = this.#batches.get(batch)
    if (!entities) {
      const kept = (entities = [] as ObjectLiteral[])
      this.#batches.set(batch, kept)
      const end = () => {
        for (const inserted of kept) this.#inserting.delete(inserted)
      }
      batch.then(end, end)
    }
    entities.push(entity)
  }

  /** Uploads what is new in the columns that changed; the row gives up what it held instead. */
  async update(
    transaction: RunnerTransaction,
    { metadata, key, row, isEntity }: RowChange,
    entity: ObjectLiteral,
    changed: readonly FileColumn[],
  ): Promise<void> {
    await Promise.all(
      changed.map(async (column) => {
        const before = row?.texts.get(column) ?? null
        const current = column.parse(before)
        if (
          isEntity &&
          this.#loaded.isUntouched(entity, column) &&
          column.transformer.to(column.get(entity)) !== before
        ) {
          this.#refresh(column, entity, before)
          return
        }
        await this.#attach(transaction, column, entity, current, (attached, scope) => {
          const kept = new Set(pathsOf(attached?.files ?? []))
          const lost = pathsOf(current).filter((path) => !kept.has(path))
          const held = (queryRunner: QueryRunner) =>
            pathsOfRow(queryRunner, { metadata, key, row, column, before, after: attached?.text ?? null })
          const claim = { ...NOTHING, ...attached, lost, held }
          this.#claim(transaction, entity, { metadata, kind: 'update', ...claim }, scope)
        })
      }),
    )
  }

  /** The rows give up all of their files, and so do the rows that the database deletes with them. */
  async remove(
    transaction: RunnerTransaction,
    { queryRunner, metadata, rows }: RowsRemoval,
    subject: unknown,
  ): Promise<void> {
    for (const row of rows) transaction.claims.add(subject, removal(metadata, row, 'remove'))
    for (const { metadata: child, row } of await readCascadedRows(queryRunner, metadata, rows)) {
      // No event tells of these, and the same save may have moved them away; so each is looked for before the commit.
      transaction.claims.add(row, removal(child, row, 'cascade'))
    }
  }

  /**
   * Notes what a statement is about to do. If the transaction has ended meanwhile, as that of a failed save may whose
   * error was caught, the statement must not run any more, and its files go at once.
   */
  #claim(
    { files, claims }: RunnerTransaction,
    entity: ObjectLiteral,
    claim: StatementClaim,
    scope: object,
  ): void {
    if (!files.settled) {
      claims.add(entity, claim, scope)
      return
    }
    claim.revert()
    void this.#depot.deleteFiles(claim.gained)
    throw new AbortedError('An upload whose transaction has ended')
  }

  /** Nobody changed the entity here, so somebody else changed the row: theirs is the newer value. */
  #refresh(column: FileColumn, entity: ObjectLiteral, text: unknown): void {
    const value = column.transformer.from(text)
    for (const file of column.list(value) as UploadedFile[]) bindManager(file, this.#depot)
    column.set(entity, value)
    this.#loaded.remember(entity, column)
  }

  /**
   * @param current what the row holds now
   * @param claim gets what the row is going to hold, and the scope of the transaction in which it was uploaded
   */
  #attach(
    { files, claims, jobs }: RunnerTransaction,
    column: FileColumn,
    entity: ObjectLiteral,
    current: readonly UploadedFile[],
    claim: (attached: Attached | undefined, scope: object) => void,
  ): Promise<void> {
    return jobs.add(() => {
      const { scope } = files
      const attach = prepareColumn(column, entity, current, {
        depot: this.#depot,
        files,
        enter: (upload) => this.#turns.enter(upload),
        leave: (stored, left) => {
          claims.add(stored, leftover(column, stored), left)
        },
      })
      return () => {
        const attached = attach()
        if (attached instanceof Promise)
          return attached.then((late) => {
            claim(late, scope)
          })
        claim(attached, scope)
        return undefined
      }
    })
  }
}

/** Of a claim that brings no file. */
const NOTHING = { gained: [], adopted: [], left: [], revert: () => undefined }

/** What was uploaded for a row that is not going to hold it. */
function leftover({ column }: FileColumn, { files }: UploadedFile): StatementClaim {
  const held = () => Promise.resolve(new Set<string>())
  return { metadata: column.entityMetadata, kind: 'leftover', ...NOTHING, gained: files, lost: [], held }
}

/** Right where the row is gone. */
function removal(metadata: EntityMetadata, row: RowFiles, kind: 'remove' | 'cascade'): StatementClaim {
  const held = async (queryRunner: QueryRunner) => {
    const now = await readerOf(queryRunner).read(metadata, row.key)
    return new Set(now ? pathsIn(now) : [])
  }
  return { metadata, kind, ...NOTHING, lost: pathsIn(row), held }
}

/** The paths of a column's text, if some row holds it. */
async function pathsOfText(
  queryRunner: QueryRunner,
  column: FileColumn,
  text: unknown,
): Promise<ReadonlySet<string>> {
  if (text === null) return new Set()
  const found = await readerOf(queryRunner).holdsText(column, text)
  return new Set(found ? pathsOf(column.parse(text)) : [])
}

/**
 * What a row holds after its UPDATE. Where it is not found under its key, its key may have been what changed.
 *
 * @throws FiledepotError `CONCURRENT_CHANGE` where the row was not there before, and others have put it there since
 */
async function pathsOfRow(
  queryRunner: QueryRunner,
  {
    metadata,
    key,
    row,
    column,
    before,
    after,
  }: Omit<RowChange, 'isEntity'> & Readonly<Record<'before' | 'after', unknown>> & { column: FileColumn },
): Promise<ReadonlySet<string>> {
  const reader = readerOf(queryRunner)
  const now = await reader.read(metadata, key)
  if (now && !row) throw concurrentChange(metadata, 'update')
  if (now) return new Set(pathsIn(now))
  const old = await pathsOfText(queryRunner, column, before)
  return new Set([...old, ...(await pathsOfText(queryRunner, column, after))])
}
