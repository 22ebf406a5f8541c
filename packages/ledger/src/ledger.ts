import { FiledepotError, hasCode, parseFilePath, type DepotManager } from '@filedepot/core'
import { checkWholeNumber } from '@filedepot/core/backend'
import type { GarbageOptions, GarbageReport } from './audit/collect-garbage.ts'
import { DAY } from './audit/file-ages.ts'
import { verifyFiles, type VerifyOptions, type VerifyReport } from './audit/verify-files.ts'
import { explainErrors } from './clients/explain-errors.ts'
import type { LedgerClient, LedgerSession } from './clients/ledger-client.ts'
import { databaseOf } from './databases/database-of.ts'
import type { LedgerDatabase, LedgerStats } from './databases/database.ts'
import { drain, type DrainOptions, type DrainReport } from './drain.ts'
import { gc } from './gc.ts'
import { checkColumns, type LedgerColumn } from './ledger-column.ts'
import { compare, keyOf, notReady, type LedgerCheck, type TriggerCheck } from './ledger-check.ts'
import { chosenStorages, installedAt, type LedgerContext } from './ledger-context.ts'
import type { FileRows } from './file-rows.ts'
import { ledgerRows } from './ledger-rows.ts'
import { ledgerSql } from './ledger-sql.ts'
import { find, restore, type LedgerFile, type RestoredFile, type RestoreOptions } from './restore.ts'
import { moveFiles, type MoveOptions, type MoveReport } from './move/move-files.ts'
import { regenerateFiles, type RegenerateOptions } from './move/regenerate-files.ts'
import type { ChangeReport } from './move/change-rows.ts'
import { settleUploads, type SettleOptions, type SettleReport } from './settle-uploads.ts'
import { claimStorage, ensureOwner, ownStorages, releaseStorage } from './storage-owner.ts'
import { sweep, type SweepOptions, type SweepReport } from './sweep.ts'

/** What a {@link Ledger} follows. */
export interface LedgerOptions {
  /** The columns that hold files. */
  readonly columns: readonly LedgerColumn[]
  /** The schema of the ledger's tables, on PostgreSQL; `public` by default. */
  readonly schema?: string | undefined
  /** For how long {@link Ledger.drain} keeps a discarded file if it is not told, in milliseconds; 0 by default. */
  readonly retention?: number | undefined
}

/** Options of {@link Ledger.install}. */
export interface InstallOptions {
  /** Counts the rows anew, although nothing seems to be wrong. */
  readonly recount?: boolean
  /** Removes the triggers of tables that are not among the columns any more. Their files then count as unused. */
  readonly prune?: boolean
  /**
   * How long it tries to get the tables from those who write to them, in milliseconds. Each try is short, as writers that come
   * meanwhile wait behind it. @default 15000
   */
  readonly timeout?: number
}

const LOCK_TIMEOUT = 15_000

/** What {@link Ledger.install} has done. */
export interface LedgerInstallation {
  /** Triggers that were made, with their table. */
  readonly created: readonly string[]
  /** Triggers that were removed. */
  readonly removed: readonly string[]
  /** How many files had another count than the rows. */
  readonly repaired: number
  /** Up to 100 files that rows refer to, and that have been deleted. */
  readonly dangling: readonly string[]
  /** Storages that could not be asked whose they are, such as one that is down. The first drain asks them. */
  readonly unclaimed: readonly string[]
}

/**
 * The ledger of a database: triggers count which rows refer to a file, for every program and every end of a transaction.
 * {@link Ledger.drain} deletes files that no row refers to.
 *
 * ```ts
 * import { depot } from '@filedepot/core'
 * import { Ledger, pgClient } from '@filedepot/ledger'
 * import { Pool } from 'pg'
 *
 * const ledger = new Ledger(depot, pgClient(new Pool()), { columns: [{ table: 'documents', column: 'content' }] })
 * await ledger.install()
 * const { deleted, failed } = await ledger.drain()
 * console.log(`${deleted} files deleted, ${failed} to be tried again`)
 * ```
 */
export class Ledger {
  readonly #depot: DepotManager
  readonly #client: LedgerClient
  readonly #database: LedgerDatabase
  readonly #columns: readonly LedgerColumn[]
  readonly #retention: number

  /** @throws FiledepotError `INVALID_ARGUMENT` */
  constructor(depot: DepotManager, client: LedgerClient, { columns, schema, retention = 0 }: LedgerOptions) {
    checkWholeNumber('retention', retention, 0)
    this.#retention = retention
    this.#columns = checkColumns(columns)
    this.#depot = depot
    this.#client = explainErrors(client)
    this.#database = databaseOf(client, schema)
  }

  /**
   * Compares the triggers with what they should be, and looks at settings that put files at risk. Changes nothing.
   *
   * @throws FiledepotError `INVALID_ARGUMENT` if a table or column is not there
   */
  async check(): Promise<LedgerCheck> {
    return await this.#client.session(async (session) => {
      const { check } = await compare(this.#database, session, this.#columns)
      return { ...check, warnings: await this.#database.warnings(session, { retention: this.#retention }) }
    })
  }

  /**
   * Creates the tables and triggers of the ledger, and counts the rows. It keeps what exists. Writes continue: they wait a moment
   * for the triggers, but not for the count. Drains delete nothing before it has ended. Then it marks
   * the storages of the depot as those in which this database deletes.
   *
   * @throws FiledepotError `LEDGER_NOT_OWNER` if another database, or a copy of this one, deletes in a storage of the depot: the
   *   rows are counted, and nothing is deleted there; `LEDGER_BUSY` if another one runs, or others hold the tables; `LEDGER_DENIED` if the user of the
   *   database must not create triggers; `LEDGER_NEWER`; `INVALID_ARGUMENT` if a table or column is not there, or triggers of
   *   other tables are and `prune` is not given
   */
  async install(options: InstallOptions = {}): Promise<LedgerInstallation> {
    const done = await this.#install(options)
    const unclaimed: string[] = []
    for (const storage of this.#depot.storages()) {
      try {
        await ensureOwner(this.#context, storage)
      } catch (error) {
        // A deployment does not wait for a storage that is down.
        if (!hasCode(error, 'READ_FAILED', 'STORAGE_UNAVAILABLE')) throw error
        unclaimed.push(storage.name)
      }
    }
    return { ...done, unclaimed }
  }

  async #install({
    recount = false,
    prune = false,
    timeout = LOCK_TIMEOUT,
  }: InstallOptions): Promise<Omit<LedgerInstallation, 'unclaimed'>> {
    checkWholeNumber('timeout', timeout, 0)
    const database = this.#database
    return await this.#client.session(async (session) => {
      return await this.#alone(session, async () => {
        const { check, create, others, hasShrunk } = await compare(database, session, this.#columns)
        if (others.length > 0 && !prune) throw followsOthers(check)
        const drop = prune ? others : []
        if (check.isReady && drop.length === 0 && !hasShrunk && !recount) return NOTHING
        // Until all is counted, a count may be too low.
        const hasTables = await database.hasTables(session)
        if (hasTables) await database.setCounted(session, undefined)
        // Making what is there already would wait for the writers of files, and hold up others.
        if (create.length > 0 || !hasTables) await database.createTables(session)
        await database.changeTriggers(session, { create, drop, timeout })
        // Before the count: a partition that is attached meanwhile is not in it.
        const counted = (await database.foundTriggers(session)).map(keyOf)
        const { repaired, dangling } = await database.reconcile(session, this.#columns)
        await database.setCounted(session, counted)
        await installedAt({ database }, session)
        const created = [...check.missing, ...check.outdated, ...check.disabled]
        return { created, removed: prune ? check.others : [], repaired, dangling }
      })
    })
  }

  /**
   * The statements that make the tables and triggers, for a migration of your own. They may run again. {@link Ledger.install} counts the
   * rows afterwards; until then `check()` says that they are not counted, and nothing is deleted.
   *
   * ```ts
   * import type { Ledger } from '@filedepot/ledger'
   * import { writeFile } from 'node:fs/promises'
   *
   * async function writeMigration(ledger: Ledger, file: string): Promise<void> {
   *   const statements = await ledger.sql()
   *   await writeFile(file, statements.map((statement) => `${statement};\n`).join(''))
   * }
   * ```
   *
   * @throws FiledepotError `INVALID_ARGUMENT` if a table or column is not there
   */
  async sql(): Promise<string[]> {
    return await this.#client.session((session) => ledgerSql(this.#database, session, this.#columns))
  }

  /**
   * Removes the triggers and tables of the ledger, and its marks in the storages of the depot. No file is deleted.
   *
   * @throws FiledepotError `LEDGER_BUSY` if it is being installed; `READ_FAILED` if a storage could not be left to others. The
   *   tables are removed then
   */
  async remove(): Promise<void> {
    const database = this.#database
    const hasTables = await this.#client.session((session) => database.hasTables(session))
    const own = hasTables ? await ownStorages(this.#context, this.#depot.storages()) : []
    await this.#client.session(async (session) => {
      await this.#alone(session, async () => {
        if (await database.hasTables(session)) await database.setCounted(session, undefined)
        const found = (await database.foundTriggers(session)).filter(({ partition }) => !partition)
        await database.changeTriggers(session, { create: [], drop: found, timeout: LOCK_TIMEOUT })
        await database.dropTables(session)
      })
    })
    for (const storage of own) await releaseStorage(storage)
  }

  /** @throws FiledepotError `LEDGER_BUSY` */
  async #alone<T>(session: LedgerSession, action: () => Promise<T>): Promise<T> {
    const done = await this.#database.alone(session, async () => ({ result: await action() }))
    if (!done) throw busy()
    return done.result
  }

  /**
   * Deletes the files that no row refers to any more. Several processes may do so at the same time: each takes others. A file
   * that cannot be deleted is tried again by later drains, first after 30 seconds, then less and less often.
   *
   * Files of storages that the depot does not have wait for a process that has them.
   *
   * @throws FiledepotError `LEDGER_INCOMPLETE` if the counts cannot be trusted; `ABORTED`, `INVALID_ARGUMENT`
   */
  async drain(options: DrainOptions = {}): Promise<DrainReport> {
    checkWholeNumber('retention', options.retention, 0)
    const { retention = this.#retention } = options
    return await drain(this.#context, { ...options, retention })
  }

  /**
   * Deletes uploads that no row has taken, such as after a statement that has failed or a transaction that was rolled back. Call it
   * when the statements have run that could have referred to the files: a row that comes later is refused.
   *
   * ```ts
   * import { depot, UploadedFile } from '@filedepot/core'
   * import type { Ledger } from '@filedepot/ledger'
   * import type { Pool } from 'pg'
   *
   * async function addDocument(pool: Pool, ledger: Ledger, bytes: Buffer): Promise<void> {
   *   const file = await depot.upload(UploadedFile.from(bytes))
   *   try {
   *     await pool.query('INSERT INTO documents (content) VALUES ($1)', [JSON.stringify(file)])
   *   } catch (error) {
   *     await ledger.settleUploads(file.files)
   *     throw error
   *   }
   * }
   * ```
   *
   * The database decides, so the outcome of a statement need not be known. Files that a row refers to stay. If a transaction
   * that refers to a file is open yet, the file is left alone.
   *
   * @param paths `storage/id`, as `files` of a value has them
   * @throws FiledepotError `LEDGER_INCOMPLETE` if the counts cannot be trusted; `ABORTED`
   */
  async settleUploads(paths: Iterable<string>, { signal }: SettleOptions = {}): Promise<SettleReport> {
    return await settleUploads(this.#context, [...paths], { signal })
  }

  /**
   * Deletes uploads that no row ever referred to, such as those of a transaction that was never committed. It checks files that
   * were stored since the ledger was installed, and continues after the end of the last sweep. An open transaction decides with
   * its commit: either the row keeps the file, or the database refuses the row, see {@link isFileGone}.
   *
   * ```ts
   * import type { Ledger } from '@filedepot/ledger'
   *
   * async function everyNight(ledger: Ledger): Promise<void> {
   *   const { swept, kept, failed } = await ledger.sweep()
   *   console.log(`${swept} uploads without a row deleted, ${kept} kept for now, ${failed} to be tried again`)
   * }
   * ```
   *
   * @throws FiledepotError `LEDGER_INCOMPLETE` if the counts cannot be trusted; `LEDGER_NOT_OWNER` if another database sweeps
   *   the storage; `GARBAGE_LIMIT` if most uploads have no row; `STORAGE_UNAVAILABLE`, `STORAGE_NOT_FOUND`, `READ_FAILED`,
   *   `LEDGER_BUSY`, `ABORTED`, `INVALID_ARGUMENT`
   */
  async sweep(options: SweepOptions = {}): Promise<SweepReport> {
    return await sweep(this.#context, options)
  }

  /**
   * Counts the rows anew, and compares them with the storages: rows whose file is missing, and files without a row, of any
   * age beyond `grace`. Deletes these only with `delete: true`, and never more than a tenth of all files without `force`.
   *
   * ```ts
   * import type { Ledger } from '@filedepot/ledger'
   *
   * async function look(ledger: Ledger): Promise<void> {
   *   const { dangling, orphaned, repaired, examples } = await ledger.gc()
   *   console.log({ dangling, orphaned, repaired }, examples)
   * }
   * ```
   *
   * @throws FiledepotError `LEDGER_INCOMPLETE` if triggers are missing; `INVALID_VALUE` if the files of a value are not known;
   *   `LEDGER_NOT_OWNER`, `LEDGER_BUSY`, `GARBAGE_LIMIT`, `STORAGE_UNAVAILABLE`, `STORAGE_NOT_FOUND`, `READ_FAILED`, `ABORTED`
   */
  async gc(options: GarbageOptions = {}): Promise<GarbageReport> {
    const check = await this.check()
    if (check.missing.length + check.outdated.length + check.disabled.length > 0) throw notReady(check)
    const recount = async () => (await this.#install({ recount: true })).repaired
    return await gc(this.#context, options, recount)
  }

  /**
   * Compares the rows with the storages, and with `hash` the bytes of the files with what the rows say. Changes nothing.
   *
   * @throws FiledepotError `STORAGE_UNAVAILABLE` if a storage is empty that rows refer to; `STORAGE_NOT_FOUND`, `READ_FAILED`,
   *   `ABORTED`, `INVALID_ARGUMENT`
   */
  async verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    return await verifyFiles(this.#depot, ledgerRows(this.#context), options)
  }

  /**
   * Moves the files of rows into another storage, while the application runs: copies them, thumbnails and all, checks size and
   * hash, and puts the new value into the row if that still has the old one. Drains delete the old files when `keepFor` is over.
   *
   * ```ts
   * import type { Ledger } from '@filedepot/ledger'
   *
   * async function toTheCloud(ledger: Ledger): Promise<void> {
   *   const { changed, left } = await ledger.moveFiles({ from: 'disk', to: 'cloud', keepFor: 60 * 60 * 1000 })
   *   console.log(`${changed} values moved, ${left} are left`)
   * }
   * ```
   *
   * It may be killed at any moment, and run by several processes at the same time: another run goes on. Copies that no row takes
   * are deleted by drains, a day later if the process was killed.
   *
   * @throws MoveIncompleteError `MOVE_INCOMPLETE` if files could not be copied; their rows stay as they are
   * @throws FiledepotError `LEDGER_INCOMPLETE` if the counts cannot be trusted; `LEDGER_NOT_OWNER` if another database deletes in
   *   the new storage; `STORAGE_NOT_FOUND`, `READ_FAILED`, `LEDGER_BUSY`, `ABORTED`, `INVALID_ARGUMENT`
   */
  async moveFiles(options: MoveOptions): Promise<MoveReport> {
    return await moveFiles(this.#context, options)
  }

  /**
   * Makes the files anew that the upload type and the filters of a column derive from an original, such as thumbnails after their
   * recipe has changed. The original and its URL stay, unless the type changes its bytes. Each row gets its new value if it still
   * has the old one, and drains delete the old files when `keepFor` is over.
   *
   * ```ts
   * import { UploadedFile } from '@filedepot/core'
   * import type { Ledger } from '@filedepot/ledger'
   *
   * class Photo extends UploadedFile {}
   *
   * async function afterTheRecipeHasChanged(ledger: Ledger): Promise<void> {
   *   const column = { table: 'users', column: 'photo' }
   *   const { changed } = await ledger.regenerateFiles({ column, type: Photo })
   *   console.log(`${changed} values made anew`)
   * }
   * ```
   *
   * @throws MoveIncompleteError `MOVE_INCOMPLETE` if files could not be made; their rows stay as they are
   * @throws FiledepotError `LEDGER_INCOMPLETE` if the counts cannot be trusted; `LEDGER_BUSY`, `ABORTED`, `INVALID_ARGUMENT`
   */
  async regenerateFiles(options: RegenerateOptions): Promise<ChangeReport> {
    return await regenerateFiles(this.#context, options)
  }

  /**
   * Keeps a discarded file from being deleted for a while, and says what to write into a row that is to have it again.
   *
   * ```ts
   * import type { Ledger } from '@filedepot/ledger'
   *
   * async function undo(ledger: Ledger, path: string): Promise<string> {
   *   const { value } = await ledger.restore(path)
   *   return value ? JSON.stringify(value) : 'the file is gone'
   * }
   * ```
   *
   * @throws FiledepotError `LEDGER_INCOMPLETE` if the ledger is not installed; `STORAGE_NOT_FOUND`, `READ_FAILED`, `INVALID_ARGUMENT`
   */
  async restore(path: string, { keepFor = DAY }: RestoreOptions = {}): Promise<RestoredFile> {
    parseFilePath(path)
    checkWholeNumber('keepFor', keepFor, 0)
    await this.#expectTables()
    return await restore(this.#context, path, keepFor)
  }

  /** What the ledger says of a file; `undefined` if no row has ever referred to it, or it was deleted long ago. */
  async find(path: string): Promise<LedgerFile | undefined> {
    parseFilePath(path)
    await this.#expectTables()
    return await find(this.#context, path)
  }

  /**
   * Makes this database the owner of the storages: only the owner deletes files there. Call it after a database was restored from
   * a backup, or copied, or a storage was replaced; see `docs/recovery.md`. `install()` and the first drain or sweep of a new
   * storage claim it by themselves if nobody owns it.
   *
   * @throws FiledepotError `STORAGE_UNAVAILABLE`, `STORAGE_NOT_FOUND`, `READ_FAILED`, `LEDGER_BUSY`
   */
  async own(storages?: readonly string[]): Promise<void> {
    await this.#expectTables()
    for (const storage of chosenStorages(this.#depot, storages))
      await claimStorage(this.#context, storage, { force: true })
  }

  /** @throws FiledepotError `LEDGER_INCOMPLETE` */
  async #expectTables(): Promise<void> {
    if (await this.#client.session((session) => this.#database.hasTables(session))) return
    throw notReady(await this.check())
  }

  get #context(): LedgerContext {
    return { depot: this.#depot, client: this.#client, database: this.#database, columns: this.#columns }
  }

  /** The values of its columns, as the rows have them now. */
  rows(): FileRows {
    return ledgerRows(this.#context)
  }

  /**
   * How many files the ledger knows of, by storage, and which ones could not be deleted. Reads the table of the ledger once, and no rows:
   * a million files take about a second.
   */
  async stats(): Promise<LedgerStats> {
    return await this.#client.session((session) => this.#database.stats(session))
  }
}

const NOTHING: Omit<LedgerInstallation, 'unclaimed'> = { created: [], removed: [], repaired: 0, dangling: [] }

function busy(): FiledepotError {
  return new FiledepotError(
    'LEDGER_BUSY',
    'Another process installs or counts the ledger of this database. Try again when it is done',
  )
}

function followsOthers({ others }: TriggerCheck): FiledepotError {
  return new FiledepotError(
    'INVALID_ARGUMENT',
    `The ledger of this database counts more columns than the given ones: ${others.join(', ')}. Add these columns, or pass { prune: true } if they no longer hold files`,
  )
}
