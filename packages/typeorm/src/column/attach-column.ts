import { FiledepotError, UploadedFile, type DepotManager } from '@filedepot/core'
import {
  attachFile,
  bindManager,
  giveBack,
  giveBackOriginal,
  markRevoked,
  mayRunProgramCode,
  movedFrom,
  takingOf,
  type FileTransaction,
} from '@filedepot/core/integration'
import type { ObjectLiteral } from 'typeorm'
import type { FileColumn, GivenFile } from './file-column.ts'
import { insertedExpression } from './refusals.ts'

/** How the files of a column get into their storages. */
export interface AttachColumnOptions {
  readonly depot: DepotManager
  readonly files: FileTransaction
  /** Runs an upload, in which code of the program runs. */
  readonly enter: <T>(upload: () => Promise<T>) => Promise<T>
  /** Hears of a file that was uploaded beside one that failed, so that no row is going to hold it. */
  readonly leave: (stored: UploadedFile, scope: object) => void
}

/** The files of a column, as the row is going to hold them. */
export interface Attached {
  readonly files: readonly UploadedFile[]
  /** Paths that were uploaded for it. */
  readonly gained: readonly string[]
  /** Paths that were uploaded before. */
  readonly adopted: readonly string[]
  /** Paths whose copies the row is going to hold: they go when it does. */
  readonly left: readonly string[]
  /** The text for the column. */
  readonly text: unknown
  /** The row does not hold them: puts back what the property was given. */
  revert(): void
}

/**
 * Prepares all that can be done before a file is written. What is returned makes the property hold stored values;
 * `undefined` if it holds nothing.
 *
 * @param current what the row holds now
 */
export function prepareColumn(
  column: FileColumn,
  entity: ObjectLiteral,
  current: readonly UploadedFile[],
  options: AttachColumnOptions,
): () => undefined | Promise<Attached> {
  const given = column.get(entity)
  if (given === undefined || given === null) return () => undefined
  const attachment = new ColumnAttachment(column, entity, given, current, options)
  const attaching = attachment.prepare()
  return () => attachment.attach(attaching)
}

/** Makes one file of a property a stored one. */
type Attach = () => Promise<UploadedFile>

/**
 * Puts the stored value into a property, and restores the old one on a rollback. There is one for each row until the transaction
 * ends, so it holds as little as possible.
 */
class ColumnAttachment {
  readonly #column: FileColumn
  readonly #entity: ObjectLiteral
  readonly #options: AttachColumnOptions
  readonly #scope: object
  readonly #given: unknown
  readonly #list: readonly GivenFile[]
  readonly #held: readonly UploadedFile[]
  /** What the property holds now, as far as this has set it. */
  #value: unknown
  /** The stored values, once there are all of them. */
  #attached: readonly UploadedFile[] = NONE
  /** When each of them was taken, if they were uploaded before. */
  #takings: readonly number[] = NONE

  /** @param held what the row holds */
  constructor(
    column: FileColumn,
    entity: ObjectLiteral,
    given: unknown,
    held: readonly UploadedFile[],
    options: AttachColumnOptions,
  ) {
    this.#column = column
    this.#entity = entity
    this.#options = options
    this.#scope = options.files.scope
    this.#given = given
    this.#value = given
    this.#list = column.list(given)
    this.#held = held
  }

  prepare(): readonly Attach[] {
    const { depot, files, enter } = this.#options
    const { type, storage, maxSize, validators, filters } = this.#column.settings
    const current = this.#held
    const options = { type, storage, maxSize, validators, filters, current, revert: this.#revert }
    try {
      return this.#list.map((file) => {
        if (typeof file === 'function') throw insertedExpression()
        const attach = () => attachFile(depot, files, file, options)
        return mayRunProgramCode(depot, file, options) ? () => enter(attach) : attach
      })
    } catch (error) {
      throw this.#named(error)
    }
  }

  attach(attaching: readonly Attach[]): Promise<Attached> {
    const running: ReturnType<Attach>[] = []
    try {
      for (const attach of attaching) running.push(attach())
    } catch (error) {
      return this.#fail(error, running)
    }
    return Promise.all(running).then(
      (attached) => this.#finish(attached),
      (error: unknown) => this.#fail(error, running),
    )
  }

  #finish(attached: readonly UploadedFile[]): Attached {
    if (attached.some((file, index) => file !== this.#list[index])) {
      this.#value = this.#column.value(attached)
      this.#column.set(this.#entity, this.#value)
    }
    for (const file of attached) if (this.#held.includes(file)) bindManager(file, this.#options.depot)
    this.#attached = attached
    if (attached.some((file) => this.#isAdopted(file))) this.#takings = attached.map(takingOf)
    return {
      files: attached,
      gained: pathsOf(attached.filter((file) => this.#isUploaded(file))),
      adopted: pathsOf(attached.filter((file) => this.#isAdopted(file))),
      left: pathsOf(attached.flatMap((file) => this.#originalOf(file) ?? [])),
      text: this.#column.transformer.to(this.#value),
      revert: this.#revert,
    }
  }

  #isUploaded(file: UploadedFile): boolean {
    return !this.#list.includes(file) && !this.#held.includes(file)
  }

  /** True for one that was uploaded before, and comes to this row. */
  #isAdopted(file: UploadedFile): boolean {
    return this.#list.includes(file) && !this.#held.some(({ path }) => path === file.path)
  }

  /** The value that was given, if this is a copy of it in the storage of the column. */
  #originalOf(file: UploadedFile): UploadedFile | undefined {
    return this.#isUploaded(file) ? movedFrom(file) : undefined
  }

  readonly #revert = (): void => {
    for (const [index, file] of this.#attached.entries()) {
      giveBackOriginal(file)
      if (this.#isAdopted(file)) giveBack(file, this.#takings[index])
      // A statement that comes late must not write what is going.
      if (this.#isUploaded(file)) markRevoked(file)
    }
    // The application has set another value since, which stays.
    if (this.#column.get(this.#entity) === this.#value) this.#column.set(this.#entity, this.#given)
  }

  /** The property keeps what it was given, so what went well is in no row: also what comes later. */
  #fail(error: unknown, running: readonly ReturnType<Attach>[]): never {
    for (const one of running) {
      one
        .then((stored) => {
          this.#leave(stored)
        })
        .catch(() => undefined)
    }
    throw this.#named(error)
  }

  #leave(stored: UploadedFile): void {
    const { depot, files, leave } = this.#options
    giveBackOriginal(stored)
    if (this.#isAdopted(stored)) giveBack(stored)
    else if (!this.#isUploaded(stored)) return
    else if (files.settled) void depot.deleteFiles(stored.files)
    else leave(stored, this.#scope)
  }

  /** The same error, with the column's name in front of its message: a row may have several files. */
  #named(error: unknown): unknown {
    const { entityMetadata, propertyPath } = this.#column.column
    if (error instanceof FiledepotError) {
      error.message = `${entityMetadata.name}.${propertyPath}: ${error.message}`
    }
    return error
  }
}

/** Shared, as most rows have one of a kind of files and none of the others. */
const NONE: readonly never[] = []

/** The paths of all files that belong to these values. */
export function pathsOf(files: readonly UploadedFile[]): readonly string[] {
  const [first] = files
  if (!first) return NONE
  return files.length === 1 ? first.files : files.flatMap(({ files: paths }) => paths)
}
