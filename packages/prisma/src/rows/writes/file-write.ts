import type { TransactionLink, Where } from '../../prisma-internals.ts'
import { FiledepotError, UploadedFile, type DepotManager } from '@filedepot/core'
import {
  attachFile,
  conformRenamed,
  movedFrom,
  takingOf,
  type FileTransaction,
} from '@filedepot/core/integration'
import type { Cascades } from '../reading/cascades.ts'
import type { FileField } from '../../fields/file-fields.ts'
import {
  comeToNothing,
  originalsOf,
  pathsGivenUp,
  unheldUploads,
  type Before,
  type UncertainWrite,
  type Upload,
} from '../reading/held-files.ts'
import { excludeEachOther, type Slot, type Target, type WritePlan } from '../plan/write-plan.ts'
import type { Preuploads } from '../transaction/preuploads.ts'
import type { LaterExtensions } from './later-extensions.ts'
import type { ReadRows, RowReader } from '../reading/row-reader.ts'
import type { Model } from '../../schema/data-model.ts'
import { toJson } from '../../fields/field-values.ts'
import { ClonedFile, unknownFile } from '../../fields/written-values.ts'

/** What all writes need. */
export interface WriteParts {
  readonly depot: DepotManager
  readonly reader: RowReader
  readonly cascades: Cascades
  readonly later: LaterExtensions
}

/** A file of a slot that was uploaded for it, in this or in an earlier try. */
interface SlotFile {
  readonly stored: UploadedFile
  /** False for one that the caller had uploaded before: it is his again where no row gets it. */
  readonly isOurs: boolean
}

/** The files of one operation: uploaded, put into its arguments, and compared with what rows hold afterwards. */
export class FileWrite {
  readonly #parts: WriteParts
  readonly #plan: WritePlan
  readonly #files: FileTransaction
  readonly #preuploads: Preuploads | undefined
  #uploading: Promise<void>[] = []
  readonly #slotFiles = new Map<Slot, (SlotFile | undefined)[]>()
  readonly #shared: {
    readonly file: UploadedFile
    readonly slot: Slot
    readonly stored: Promise<UploadedFile>
  }[] = []
  /** The uploads, and the branches of the write for which they are. */
  readonly #uploads = new Map<string, { upload: Upload; slots: Slot[] }>()

  /** What was read for each target, in the latest try: its rows first, then those that go with them. */
  readonly #before = new Map<Target, Before[]>()
  /** The rows of a write of so many that it does not name them. */
  #unnamed: ReadRows | undefined
  /** The rows of each part of a write of so many that it is sent in parts. */
  #sentParts: readonly Where[] = []

  /** @param uploaded what was uploaded already, of the pending values in the plan */
  constructor(parts: WriteParts, plan: WritePlan, files: FileTransaction, uploaded?: Preuploads) {
    this.#parts = parts
    this.#plan = plan
    this.#files = files
    this.#preuploads = uploaded
  }

  /** Uploads the pending files. Before the transaction opens, this blocks no other write. */
  async upload(): Promise<void> {
    this.#uploading = this.#plan.slots.flatMap((slot) =>
      slot.files.map(async (file, index) => {
        if (file instanceof UploadedFile && file.isPending) await this.#uploadTo(slot, file, index)
      }),
    )
    await Promise.all(this.#uploading)
  }

  /** After an upload has failed: what was uploaded beside it, as soon as that has ended. */
  async abandon(): Promise<string[]> {
    await Promise.allSettled(this.#uploading)
    return [...this.#uploads.values()].flatMap(({ upload }) => (upload.isOurs ? upload.file.files : []))
  }

  /** Puts values into the arguments where nothing has to be read: rows that are created. */
  async place(): Promise<void> {
    for (const slot of this.#plan.slots) await this.#place(slot, undefined)
  }

  /** Looks at the rows that the operation changes, and puts the values into its arguments. */
  async prepare(link: TransactionLink): Promise<void> {
    this.#before.clear()
    this.#unnamed = undefined
    this.#sentParts = []
    for (const target of this.#plan.targets) this.#before.set(target, await this.#read(link, target))
    for (const slot of this.#plan.slots) {
      const rows = slot.target && this.#before.get(slot.target)?.[0]?.rows
      if (rows && rows.keys.length > 1 && slot.files.length > 0) throw severalRows(slot, rows.keys.length)
      await this.#place(slot, rows, this.#takesPlace(slot))
    }
  }

  /**
   * Called with the result: if it has written more rows than were there, the files of those are not known.
   *
   * @throws FiledepotError `CONCURRENT_CHANGE`
   */
  checkCount(result: unknown): void {
    const rows = this.#unnamed
    if (rows && result !== undefined && countOf(result) > rows.keys.length) throw othersCame(rows)
  }

  /** Afterwards: the files that rows have given up, and those that none has got. */
  async unheld(link: TransactionLink, result: unknown, heldByRow: ReadonlySet<string>): Promise<string[]> {
    const givenUp = await this.givenUp(link, result, heldByRow)
    const skipped = await this.#skipped(link, result)
    return [...this.#unused(), ...givenUp, ...skipped, ...(await this.left(link, result))]
  }

  /**
   * Afterwards: the files that rows have given up.
   *
   * @param heldByRow what the row of an update or upsert holds
   */
  async givenUp(link: TransactionLink, result: unknown, heldByRow: ReadonlySet<string>): Promise<string[]> {
    const before: Before[] = []
    const known: string[] = []
    // What an extension after ours returns says nothing of the rows.
    const isResult = !this.#parts.later.seeWrites
    for (const [target, [own, ...taken]] of this.#before) {
      if (!own) continue
      const isRow = isResult && target === this.#plan.row
      const isOnly = isResult && this.#plan.targets.length === 1
      const isGone = isOnly && this.#givesUpAll(target) && countOf(result) === own.rows.keys.length
      if (isRow) known.push(...own.rows.paths.filter((path) => !heldByRow.has(path)))
      else if (isGone) known.push(...own.rows.paths)
      else before.push(own)
      before.push(...taken)
    }
    return [...known, ...(await pathsGivenUp(this.#parts.reader, link, before))]
  }

  /** True if the rows lose all of their files that were read: they are deleted, or the fields are emptied. */
  #givesUpAll(target: Target): boolean {
    if (target.deletes) return true
    return this.#plan.slots.every((slot) => slot.target !== target || slot.files.length === 0)
  }

  /** Afterwards: the files in whose place rows have got copies, in the storages of their fields. */
  async left(link: TransactionLink | undefined, result: unknown): Promise<string[]> {
    const moved = [...this.#uploads.values()].filter(({ upload }) => movedFrom(upload.file))
    if (!this.#parts.later.seeWrites) return originalsOf(moved.map(({ upload }) => upload))
    // An extension after ours may have answered instead of the database: then no row has the copies.
    const uploads = moved.map(({ upload, slots }) => ({ ...upload, likely: this.#likely(slots, result) }))
    return await unheldUploads(this.#parts.reader, link, uploads)
  }

  /** The keys of rows that should have got a file, so that not every row has to be looked at. */
  #likely(slots: readonly Slot[], result: unknown): Where[] {
    return slots.flatMap(({ field, target }) => {
      if (target) {
        const before = this.#before.get(target) ?? []
        return before.flatMap(({ rows, keysAfter }) => [...rows.keys, ...keysAfter])
      }
      return field.model === this.#plan.model ? rowsWithKey(field.model, result) : []
    })
  }

  /** What the operation may have done, if that cannot be told yet. */
  asUncertain(): UncertainWrite {
    return {
      before: [...this.#before.values()].flat(),
      uploads: [...this.#uploads.values()].map(({ upload }) => upload),
    }
  }

  /** The files that were stored, and their places. */
  *stored(): Iterable<{ slot: Slot; index: number; stored: UploadedFile }> {
    for (const [slot, files] of this.#slotFiles) {
      for (const [index, file] of files.entries()) if (file) yield { slot, index, stored: file.stored }
    }
  }

  /** After a failure that may have come after the operation: the files that no row has got. */
  async unheldUploads(link?: TransactionLink): Promise<string[]> {
    return await unheldUploads(this.#parts.reader, link, this.asUncertain().uploads)
  }

  /** The rows of each part, if the operation is to be sent once for each. */
  get sentParts(): readonly Where[] {
    return this.#sentParts
  }

  /** The rows that were read and locked, in the latest try. */
  get lockedRows(): ReadRows[] {
    return [...this.#before.values()].flat().map(({ rows }) => rows)
  }

  /** The paths of the files that were stored. */
  get uploads(): ReadonlySet<string> {
    return new Set(this.#uploads.keys())
  }

  /** True if a value is written that the caller had uploaded before, or a copy of it. */
  get hasGiven(): boolean {
    return [...this.#uploads.values()].some(({ upload }) => !upload.isOurs || movedFrom(upload.file))
  }

  /** How many of the rows that the operation names were not there. */
  get absent(): number {
    return [...this.#before.keys()].filter((target) => target.isOne && !this.#hasFound(target)).length
  }

  /** True if it connects rows that it creates otherwise. */
  get connects(): boolean {
    return this.#plan.slots.some(({ row }) => row !== undefined)
  }

  #hasFound(target: Target): boolean {
    return (this.#before.get(target)?.[0]?.rows.keys.length ?? 0) > 0
  }

  /** True for a part of the operation that is carried out, as far as is known before. */
  #takesPlace({ conditions }: Slot): boolean {
    return conditions.every(
      (condition) =>
        !('target' in condition) || this.#hasFound(condition.target) === (condition.is === 'found'),
    )
  }

  /** Uploads for the branch that was not taken. */
  #unused(): string[] {
    const unused = [...this.#uploads.values()].filter(
      ({ slots }) => !slots.some((slot) => this.#takesPlace(slot)),
    )
    return comeToNothing(unused.map(({ upload }) => upload))
  }

  /** A row that is there is locked, so that it stays the one; of one that comes after this look nothing is known. */
  #restriction(target: Target, rows: ReadRows): readonly Where[] | undefined {
    if (target.isOne && rows.keys.length > 0) return undefined
    // What an extension after ours does with a write, it would do with each part.
    const isOurs = !this.#parts.later.seeWrites
    const isCounted = this.#plan.isCounted && isOurs
    const hasParts = target.parts === 'listed' || (target.parts === 'sent' && isOurs)
    const restriction = this.#parts.reader.restrictionTo(rows, target, { isCounted, hasParts })
    if (!restriction && isCounted) this.#unnamed = rows
    if (target.parts === 'sent' && restriction && restriction.length > 1) this.#sentParts = restriction
    return restriction
  }

  async #read(link: TransactionLink, target: Target): Promise<Before[]> {
    const { reader, cascades } = this.#parts
    const { model, where, limit, fields, deletes, newKey, restrict } = target
    const rows = await reader.readAndLock(link, model, {
      where,
      limit,
      fields: [...fields],
      also: deletes ? cascades.referencesOf(model) : [],
      keepsKeys: !deletes && Object.keys(newKey).length === 0,
    })
    restrict(this.#restriction(target, rows))
    const keysAfter = Object.keys(newKey).length > 0 ? rows.keys.map((key) => ({ ...key, ...newKey })) : []
    if (!deletes || rows.keys.length === 0) return [{ rows, keysAfter }]
    const taken = await cascades.read(reader, link, rows)
    return [{ rows, keysAfter }, ...taken.map((one) => ({ rows: one, keysAfter: [] }))]
  }

  /** Puts the values of a field into the arguments. */
  async #place(slot: Slot, rows: ReadRows | undefined, isUsed = true): Promise<void> {
    const { field, files, holder } = slot
    if (files.length === 0) {
      holder[field.name] = slot.written
      return
    }
    const values = await Promise.all(
      files.map(async (file, index) => {
        if (!(file instanceof ClonedFile)) {
          return toJson(await this.#store(slot, file, index, rows, isUsed))
        }
        // The row keeps its own: whatever else the JSON says of its file is not believed.
        const own = rows?.held.get(field)?.find(({ path }) => path === file.path)
        if (!own && isUsed) throw unknownFile(field, file)
        return own?.json ?? {}
      }),
    )
    holder[field.name] = field.isList ? values : values[0]
  }

  async #store(
    slot: Slot,
    file: UploadedFile,
    index: number,
    rows: ReadRows | undefined,
    isUsed: boolean,
  ): Promise<UploadedFile> {
    if (!file.isPending && rows?.paths.includes(file.path)) {
      const held = rows.held.get(slot.field)?.find(({ path }) => path === file.path)
      if (!held || !isUsed) return file
      return await conformRenamed(this.#parts.depot, file, held, slot.field.upload).catch(
        (error: unknown) => {
          throw inField(slot.field, error)
        },
      )
    }
    const known = this.#slotFiles.get(slot)?.[index]
    if (known) return known.stored
    if (file.isPending) return await this.#uploadTo(slot, file, index)
    // It is taken for a row only if a row gets it.
    if (!isUsed) return file
    return await this.#attach(slot, file, index)
  }

  /** Of two branches that exclude each other, both may have the same pending value: it is uploaded once. */
  async #uploadTo(slot: Slot, file: UploadedFile, index: number): Promise<UploadedFile> {
    const shared = this.#shared.find(
      (one) => one.file === file && excludeEachOther(one.slot.conditions, slot.conditions),
    )
    if (!shared) {
      const stored = this.#attach(slot, file, index)
      this.#shared.push({ file, slot, stored })
      return await stored
    }
    const stored = await shared.stored
    this.#remember(slot, index, { stored, isOurs: true })
    return stored
  }

  async #attach(slot: Slot, file: UploadedFile, index: number): Promise<UploadedFile> {
    const options = { type: slot.field.type, ...slot.field.upload }
    const { depot } = this.#parts
    try {
      const stored =
        this.#preuploads?.take(file, slot.field) ?? (await attachFile(depot, this.#files, file, options))
      this.#remember(slot, index, { stored, isOurs: stored !== file })
      return stored
    } catch (error) {
      throw inField(slot.field, error)
    }
  }

  #remember(slot: Slot, index: number, file: SlotFile): void {
    const files = this.#slotFiles.get(slot) ?? []
    files[index] = file
    this.#slotFiles.set(slot, files)
    const { stored, isOurs } = file
    const known = this.#uploads.get(stored.path)
    if (known) known.slots.push(slot)
    else {
      const row = this.#parts.later.seeWrites ? undefined : slot.row
      const upload = {
        field: slot.field,
        id: stored.id,
        index,
        file: stored,
        isOurs,
        taking: takingOf(stored),
        row,
      }
      this.#uploads.set(stored.path, { upload, slots: [slot] })
    }
  }

  /** Rows that were to be created, and that the database may have passed over. */
  async #skipped(link: TransactionLink, result: unknown): Promise<string[]> {
    if (!this.#parts.later.seeWrites && countOf(result) === this.#plan.rows) return []
    const unsure = [...this.#uploads.values()]
      .filter(({ slots }) =>
        slots.some(({ conditions }) => conditions.some(({ is }) => is === 'mayBeSkipped')),
      )
      .map(({ upload }) => upload)
    return await unheldUploads(this.#parts.reader, link, unsure)
  }
}

/** The rows of a result that say which they are. */
function rowsWithKey({ key }: Model, result: unknown): Where[] {
  return [result]
    .flat()
    .filter(
      (row): row is Where => typeof row === 'object' && row !== null && key.every((name) => name in row),
    )
}

/** How many rows an operation has written: one, if its result is a row. */
function countOf(result: unknown): number {
  if (Array.isArray(result)) return result.length
  return (result as { count?: number } | null)?.count ?? 1
}

/** Adds the name of the field to an error. */
function inField({ model, name }: FileField, error: unknown): unknown {
  if (error instanceof FiledepotError) error.message = `${model.name}.${name}: ${error.message}`
  return error
}

function severalRows({ field }: Slot, count: number): FiledepotError {
  return new FiledepotError(
    'NOT_SUPPORTED',
    `This update would give one file to ${count} rows of ${field.model.name}, and a file belongs to one row: ` +
      'update them one by one, each with its own',
  )
}

function othersCame({ model }: ReadRows): FiledepotError {
  return new FiledepotError(
    'CONCURRENT_CHANGE',
    `Rows of ${model.name} were added concurrently during this write, so filedepot does not know their files. ` +
      'Roll back and retry the transaction',
  )
}
