import type { PrismaInternals, TransactionLink, Where } from '../../prisma-internals.ts'
import { nameOfValues, withKeys, withValuesInParts } from '../../schema/rows-by-key.ts'
import type { FileField, FileFields } from '../../fields/file-fields.ts'
import type { Target } from '../plan/write-plan.ts'
import { isNoJson, readAround } from './read-around.ts'
import { RowLocks } from './row-locks.ts'
import type { Model, Relation } from '../../schema/data-model.ts'
import { heldValues, pathsOf, type HeldValue } from '../../fields/field-values.ts'

/** How many rows with keys of several fields a write names on SQLite. */
const ROWS_AT_A_TIME = 200

/** Rows as they were when they were read and locked. */
export interface ReadRows {
  readonly model: Model
  readonly fields: readonly FileField[]
  /** The fields of their keys, and what else was asked for. */
  readonly keys: readonly Where[]
  readonly paths: readonly string[]
  /** What each field holds, in all of the rows. */
  readonly held: ReadonlyMap<FileField, readonly HeldValue[]>
}

/** How often rows are looked for again that others are changing. */
const TRIES = 5

/** An upload, and the field that is to hold it. */
export interface SoughtFile {
  readonly field: FileField
  readonly id: string
  readonly index: number
  readonly file: { readonly path: string }
  /** Finds the row that holds it, unless none does. */
  readonly row?: Where | undefined
  /** The keys of rows that are looked at before all others. */
  readonly likely?: readonly Where[]
}

/** Reads file fields of rows as they are in the database, past every extension. */
export class RowReader {
  readonly #internals: PrismaInternals
  readonly #fields: FileFields
  readonly #locks: RowLocks

  constructor(internals: PrismaInternals, fields: FileFields) {
    this.#internals = internals
    this.#locks = new RowLocks(internals)
    this.#fields = fields
  }

  /**
   * Reads rows, and locks them if the database has locks, so that no other transaction changes them.
   *
   * @param keepsKeys true for a write that keeps the keys, so that other rows may still refer to the rows
   */
  async readAndLock(
    link: TransactionLink,
    model: Model,
    {
      where,
      limit,
      fields,
      also = [],
      keepsKeys = false,
    }: {
      where: Where
      limit?: number | undefined
      fields: readonly FileField[]
      also?: readonly string[]
      keepsKeys?: boolean
    },
  ): Promise<ReadRows> {
    const keyNames = [...model.key, ...also]
    const take = limit === undefined ? {} : { take: limit }
    const read = (names: readonly string[]) => this.#find(link, model, where, names, take)
    if (!this.#locks.areThere) {
      const names = [...keyNames, ...fields.map(({ name }) => name)]
      const rows = await read(names).catch(async (error: unknown) => {
        if (!isNoJson(error)) throw error
        return await this.#readEach(link, model, await read(keyNames), fields)
      })
      return { model, fields, keys: rows, ...filesOf(fields, rows, ({ name }) => name) }
    }
    // What is read before the lock may be older, and with MySQL stays so for the whole transaction.
    let rows = await read(keyNames)
    for (let tries = 1; ; tries++) {
      const locked = await this.#lock(link, model, { names: model.key, keys: rows, fields, keepsKeys })
      const found = { model, fields, keys: rows, ...filesOf(fields, locked, selectedName) }
      // Others may have deleted rows, or changed them so that they are not meant any more, before the lock was there.
      if (locked.length === rows.length && namesOnlyKey(model, where)) return found
      const again = await read(keyNames)
      const isSame = namesOf(model, again).join() === namesOf(model, rows).join()
      if (isSame && locked.length === rows.length) return found
      // A transaction that goes on seeing what was there when it began.
      if (isSame || tries === TRIES) return { ...found, keys: stillThere(model, rows, locked) }
      rows = again
    }
  }

  /**
   * Reads and locks the rows whose foreign key refers to others.
   *
   * MySQL goes on showing a transaction what was there when it began, but cascades to what is there: so it is asked for
   * that.
   */
  async readReferring(
    link: TransactionLink,
    model: Model,
    { fields: names, references }: Relation,
    parents: readonly Where[],
    also: readonly string[],
  ): Promise<ReadRows> {
    const fields = this.fieldsOf(model)
    if (this.#internals.provider !== 'mysql') {
      const found: ReadRows[] = []
      for (const where of withValuesInParts(names, references, parents)) {
        found.push(await this.readAndLock(link, model, { where, fields, also }))
      }
      return merged(model, fields, found)
    }
    const locked = await this.#lock(link, model, { names, references, keys: parents, fields, also })
    const keys = locked.map((row): Where => {
      const key = model.key.map((name, index) => [name, row[`key${index}`]] as const)
      return Object.fromEntries([...key, ...also.map((name, index) => [name, row[`also${index}`]] as const)])
    })
    return { model, fields, keys, ...filesOf(fields, locked, selectedName) }
  }

  /**
   * Names the rows for a write that must not touch rows that match later. Many rows give several parts, if the write can have
   * parts. `undefined` for too many rows: on SQLite, whose only writer is this one, and if the number of written rows shows
   * whether other rows were added.
   */
  restrictionTo(
    { model, keys }: ReadRows,
    target: Target,
    { isCounted, hasParts }: { isCounted: boolean; hasParts: boolean },
  ): readonly Where[] | undefined {
    const { provider } = this.#internals
    const isNameable = model.key.length === 1 || keys.length <= ROWS_AT_A_TIME || target.limit !== undefined
    // MySQL counts the rows that an update has changed, and not those that it has found.
    const tellsOthers = isCounted && target.isOfRowsAlone && (target.deletes || provider !== 'mysql')
    if (!isNameable && (tellsOthers || provider === 'sqlite')) return undefined
    return isNameable || !hasParts
      ? [withKeys(model, keys)]
      : [...withValuesInParts(model.key, model.key, keys)]
  }

  /** True if a `where` finds one of these rows, by what is committed. */
  async areAmong(model: Model, where: Where, keys: readonly Where[]): Promise<boolean> {
    const select = Object.fromEntries(model.key.map((name) => [name, true]))
    for (const some of withValuesInParts(model.key, model.key, keys)) {
      const found = { where: { AND: [where, some] }, select }
      if ((await this.#internals.operation(model.property, 'findFirst', found)) !== null) return true
    }
    return false
  }

  /** The paths that these rows hold now. */
  async pathsHeld(
    link: TransactionLink | undefined,
    model: Model,
    keys: readonly Where[],
    fields: readonly FileField[],
  ): Promise<string[]> {
    if (keys.length === 0 || fields.length === 0) return []
    const paths: string[] = []
    for (const field of fields) {
      const rows = await readAround(keys, (some) => this.#findKeys(link, model, some, [field.name]))
      paths.push(...pathsIn(rows, [field]))
    }
    return paths
  }

  /** Which of these uploads rows hold, whatever rows those are. Where it is not known which, this looks at every row. */
  async heldUploads(link: TransactionLink | undefined, uploads: readonly SoughtFile[]): Promise<Set<string>> {
    const held = new Set<string>()
    for (const field of new Set(uploads.map((upload) => upload.field))) {
      const ofField = uploads.filter((upload) => upload.field === field)
      const known = await this.#findAll(link, field, ofField)
      if (known) {
        for (const path of pathsIn(known, [field])) held.add(path)
        continue
      }
      const likely = ofField.flatMap((upload) => upload.likely ?? [])
      // Their keys may be what an extension says: values that the database does not take.
      const found = await this.pathsHeld(link, field.model, likely, [field]).catch(() => [])
      for (const path of found) held.add(path)
      const rest = ofField.filter(({ file }) => !held.has(file.path))
      if (rest.length === 0) continue
      const OR = rest.map(({ id, index }) => ({
        [field.name]: { path: this.#jsonPath(field.isList ? [index, 'id'] : ['id']), equals: id },
      }))
      const rows = await this.#find(link, field.model, { OR }, [field.name])
      for (const path of pathsIn(rows, [field])) held.add(path)
    }
    return held
  }

  /** The rows that are to hold uploads, if it is known of each which one that is, and all are there. */
  async #findAll(
    link: TransactionLink | undefined,
    field: FileField,
    uploads: readonly SoughtFile[],
  ): Promise<Where[] | undefined> {
    const wheres = new Map<string, Where>()
    for (const { row } of uploads) {
      if (!row) return undefined
      wheres.set(nameOfValues(Object.entries(row).flat()), row)
    }
    const rows = await this.#find(link, field.model, { OR: [...wheres.values()] }, [field.name])
    return rows.length === wheres.size ? rows : undefined
  }

  /** The file fields of a model. */
  fieldsOf(model: Model): readonly FileField[] {
    return [...(this.#fields.get(model.name)?.values() ?? [])]
  }

  async #find(
    link: TransactionLink | undefined,
    model: Model,
    where: Where,
    names: readonly string[],
    options: { take?: number } = {},
  ): Promise<Where[]> {
    const select = Object.fromEntries(names.map((name) => [name, true]))
    const finding = this.#internals.operation(model.property, 'findMany', { where, select, ...options })
    return (await (link ? finding.requestTransaction(link) : finding)) as Where[]
  }

  /** Adds what fields hold to rows, one field after the other: text that is no JSON is no file. */
  async #readEach(
    link: TransactionLink,
    model: Model,
    rows: readonly Where[],
    fields: readonly FileField[],
  ): Promise<Where[]> {
    const byName = new Map(rows.map((row) => [keyNameOf(model, row), { ...row }]))
    for (const { name } of fields) {
      const found = await readAround(rows, (some) => this.#findKeys(link, model, some, [...model.key, name]))
      for (const row of found) Object.assign(byName.get(keyNameOf(model, row)) ?? {}, row)
    }
    return [...byName.values()]
  }

  /** The rows that have some keys, as far as they are there. */
  async #findKeys(
    link: TransactionLink | undefined,
    model: Model,
    keys: readonly Where[],
    names: readonly string[],
  ): Promise<Where[]> {
    if (this.#locks.areFoundAtOnce(model, keys.length)) {
      return await this.#locks.read(link, {
        model,
        names: model.key,
        rows: keys.map((key) => model.key.map((name) => key[name])),
        read: names.map((name) => ({ name, as: `"${name}"` })),
      })
    }
    const rows: Where[] = []
    for (const where of withValuesInParts(model.key, model.key, keys)) {
      rows.push(...(await this.#find(link, model, where, names)))
    }
    return rows
  }

  /** Reads rows and locks them in one, in which fields have the values that `keys` have in `references`. */
  async #lock(
    link: TransactionLink,
    model: Model,
    {
      names,
      references = names,
      keys,
      fields,
      also = [],
      keepsKeys = false,
    }: {
      names: readonly string[]
      references?: readonly string[]
      keys: readonly Where[]
      fields: readonly FileField[]
      also?: readonly string[]
      keepsKeys?: boolean
    },
  ): Promise<Where[]> {
    if (keys.length === 0) return []
    return await this.#locks.lock(link, {
      model,
      names,
      rows: keys.map((key) => references.map((name) => key[name])),
      read: [
        ...model.key.map((name, index) => ({ name, as: `key${index}` })),
        ...also.map((name, index) => ({ name, as: `also${index}` })),
        ...fields.map((field, index) => ({ name: field.name, as: selectedName(field, index) })),
      ],
      keepsKeys,
    })
  }

  #jsonPath(steps: readonly (string | number)[]): string | string[] {
    if (this.#internals.provider.startsWith('postgres')) return steps.map(String)
    return `$${steps.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')}`
  }
}

/** Rows of a model that were read in parts. */
function merged(model: Model, fields: readonly FileField[], parts: readonly ReadRows[]): ReadRows {
  return {
    model,
    fields,
    keys: parts.flatMap(({ keys }) => keys),
    paths: parts.flatMap(({ paths }) => paths),
    held: new Map(fields.map((field) => [field, parts.flatMap(({ held }) => held.get(field) ?? [])])),
  }
}

/** What the rows hold, and the paths of all of it. */
function filesOf(
  fields: readonly FileField[],
  rows: readonly Where[],
  nameOf: (field: FileField, index: number) => string,
): Pick<ReadRows, 'paths' | 'held'> {
  const held = new Map(
    fields.map((field, index) => {
      const name = nameOf(field, index)
      return [field, rows.flatMap((row) => heldValues(row[name], field.isList))] as const
    }),
  )
  return { held, paths: [...held.values()].flat().flatMap(({ files }) => files) }
}

/** How a file field is named in rows that raw SQL has read. */
function selectedName(_: FileField, index: number): string {
  return `file${index}`
}

function pathsIn(rows: readonly Where[], fields: readonly FileField[]): string[] {
  return rows.flatMap((row) => fields.flatMap(({ name }) => pathsOf(row[name])))
}

/** True if a `where` says no more than which row it is, so that no change of a row makes it another. */
function namesOnlyKey({ key }: Model, where: Where): boolean {
  const names = Object.keys(where)
  return names.length > 0 && names.every((name) => key.includes(name))
}

/** The rows that were locked. */
function stillThere(model: Model, rows: readonly Where[], locked: readonly Where[]): Where[] {
  const names = new Set(locked.map((row) => nameOfValues(model.key.map((_, index) => row[`key${index}`]))))
  return rows.filter((row) => names.has(keyNameOf(model, row)))
}

function namesOf(model: Model, rows: readonly Where[]): string[] {
  return rows.map((row) => keyNameOf(model, row)).sort()
}

/** Names a row by its key, for comparisons. */
export function keyNameOf({ key }: Model, row: Where): string {
  return nameOfValues(key.map((name) => row[name]))
}
