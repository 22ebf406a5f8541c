import { type Args, type Where, isLeftOut } from '../../prisma-internals.ts'
import { FiledepotError } from '@filedepot/core'
import type { FileField, FileFields } from '../../fields/file-fields.ts'
import type { DataModel, Model, Relation } from '../../schema/data-model.ts'
import { ClonedFile, readWritten } from '../../fields/written-values.ts'
import { isWrapped } from '../../fields/is-wrapped.ts'
import { looksAtRowsAlone, plainWhere, rowsUnder } from './where.ts'
import type { Condition, Slot, Target, WritePlan } from './write-plan.ts'

/** What is known of the place in the arguments that is looked at. */
interface Place {
  readonly conditions: readonly Condition[]
  /** The rows that are written there, unless they are new. */
  readonly target?: Target | undefined
  /** Finds the row that is there afterwards, whether it is new or not. */
  readonly row?: Where | undefined
}

const ALWAYS: Place = { conditions: [] }

/** Finds out what writes do to files, before they run: an extension sees the operation as it was called, and no more. */
export class WritePlanner {
  readonly #schema: DataModel
  readonly #fields: FileFields
  readonly #losesFiles: (model: Model) => boolean
  /** The models whose writes may do something to files, their own or those of related rows. */
  readonly #reaching: ReadonlySet<string>

  /** @param losesFiles whether files may have to go where rows of a model are deleted */
  constructor(schema: DataModel, fields: FileFields, losesFiles: (model: Model) => boolean) {
    this.#schema = schema
    this.#fields = fields
    this.#losesFiles = losesFiles
    this.#reaching = modelsReachingFiles(schema, (model) => fields.has(model.name) || losesFiles(model))
  }

  /** False for a model of which no write does anything to files, so that none has to be looked at. */
  reachesFiles({ name }: Model): boolean {
    return this.#reaching.has(name)
  }

  /**
   * The plan of an operation, or `undefined` where it does nothing to files.
   *
   * @param original the arguments as the caller wrote them
   * @throws FiledepotError `INVALID_CONTENT`, `NOT_SUPPORTED`
   */
  plan(model: Model, operation: string, args: Args, original: unknown): WritePlan | undefined {
    const slots: Slot[] = []
    const targets: Target[] = []
    const walk = new Walk(this.#schema, this.#fields, slots, targets)
    walk.operation(model, operation, args, original)

    const needed = targets.filter(
      (target) =>
        target.fields.size > 0 ||
        (target.deletes && this.#losesFiles(target.model)) ||
        slots.some(({ conditions }) => conditions.some((one) => 'target' in one && one.target === target)),
    )
    if (slots.length === 0 && needed.length === 0) return undefined
    const onlyCreates = needed.length === 0 && slots.every(({ conditions }) => conditions.length === 0)
    const isCounted = needed.length === 1 && /^(?:delete|update)Many/.test(operation)
    const row = needed.find((target) => target === walk.row)
    const rows = operation.startsWith('createMany') ? [args.data].flat().length : undefined
    return { model, slots, targets: needed, onlyCreates, isCounted, rows, row }
  }

  /** What an operation is about to do. */
  look(model: Model, operation: string, args: Args, original: unknown): Look {
    const slots: Slot[] = []
    const targets: Target[] = []
    new Walk(this.#schema, this.#fields, slots, targets).operation(model, operation, args, original)
    const files = slots.flatMap((slot) =>
      slot.files.flatMap((file) => (file instanceof ClonedFile || !file.isPending ? file.path : [])),
    )
    const shapes = [args.select, args.data, args.create, args.update].flat()
    const namesRelation = shapes.some((shape) =>
      Object.keys(shape ?? {}).some((name) => model.fields.get(name)?.relation),
    )
    return { targets, files, isPlain: !args.include && !namesRelation }
  }
}

/** What an operation does, whether it does anything to files or not. */
export interface Look {
  /** The rows that it may change or delete. */
  readonly targets: readonly Pick<Target, 'model' | 'where'>[]
  /** The paths that JSON in its arguments names. */
  readonly files: readonly string[]
  /** True if it neither writes nor returns related rows, so that Prisma sends one statement. */
  readonly isPlain: boolean
}

/** One way through the arguments of an operation. */
class Walk {
  row: Target | undefined

  constructor(
    private readonly schema: DataModel,
    private readonly fields: FileFields,
    private readonly slots: Slot[],
    private readonly targets: Target[],
  ) {}

  operation(model: Model, operation: string, args: Args, original: unknown): void {
    const written = (original ?? {}) as Args
    const where = plainWhere(model, args.where)
    const restrict = restriction(args)
    switch (operation) {
      case 'create':
        this.data(model, args.data, written.data, ALWAYS)
        return
      case 'createMany':
      case 'createManyAndReturn':
        this.many(model, args, written, ALWAYS)
        return
      case 'update': {
        const target = this.target(model, where, one(args))
        this.row = target
        this.data(model, args.data, written.data, { conditions: [], target })
        return
      }
      case 'updateMany':
      case 'updateManyAndReturn': {
        const target = this.target(model, where, {
          limit: args.limit as number | undefined,
          parts: 'sent',
          restrict,
        })
        this.data(model, args.data, written.data, found(target, ALWAYS))
        return
      }
      case 'upsert': {
        const target = this.target(model, where, one(args))
        this.row = target
        this.data(model, args.create, written.create, absent(target, ALWAYS))
        this.data(model, args.update, written.update, found(target, ALWAYS))
        return
      }
      case 'delete':
        this.target(model, where, { deletes: true, ...one(args) })
        return
      case 'deleteMany':
        this.target(model, where, {
          deletes: true,
          limit: args.limit as number | undefined,
          parts: 'sent',
          restrict,
        })
    }
  }

  /** The values of one row. */
  private data(model: Model, data: unknown, original: unknown, place: Place): void {
    if (typeof data !== 'object' || data === null) return
    const holder = data as Args
    const originals = (original ?? {}) as Args
    const files = this.fields.get(model.name)
    for (const [name, value] of Object.entries(holder)) {
      const field = files?.get(name)
      if (field) this.slot(field, holder, originals, place)
      const relation = model.fields.get(name)?.relation
      if (relation && typeof value === 'object' && value !== null) {
        this.nested(model, name, relation, value as Args, originals[name], place)
      }
    }
    if (place.target) noteNewKey(place.target, holder)
  }

  private slot(field: FileField, holder: Args, originals: Args, { conditions, target, row }: Place): void {
    const files = readWritten(field, { value: holder[field.name], original: originals[field.name] })
    if (!files) return
    target?.fields.add(field)
    this.slots.push({ field, files, holder, written: holder[field.name], conditions, target, row })
  }

  private many(model: Model, { data, skipDuplicates }: Args, original: Args, place: Place): void {
    const conditions: readonly Condition[] =
      skipDuplicates === true ? [...place.conditions, { is: 'mayBeSkipped' }] : place.conditions
    eachOf(data, original.data, (one, written) => {
      this.data(model, one, written, { conditions })
    })
  }

  /** The writes of a relation within those of a row. */
  private nested(
    parent: Model,
    name: string,
    relation: Relation,
    writes: Args,
    original: unknown,
    place: Place,
  ): void {
    const model = this.schema.get(relation.model)
    const isList = parent.fields.get(name)?.isList === true
    const originals = (original ?? {}) as Args
    // Rows that the same write connects are under the row already when the rest of it looks for them.
    const connected = [writes.connect, writes.set, writes.connectOrCreate].flatMap((value) =>
      whereOfEach(value).map((where) => plainWhere(model, where)),
    )
    const under = (where: unknown): Where =>
      rowsUnder(this.schema, relation, {
        parent: place.target?.where,
        connected,
        where: plainWhere(model, where),
      })

    for (const [write, values] of Object.entries(writes)) {
      eachOf(
        values,
        originals[write],
        (value, written, replace) => {
          const args = value as Args
          switch (write) {
            case 'create':
              this.data(model, args, written, { conditions: place.conditions })
              return
            case 'createMany':
              this.many(model, args, written, place)
              return
            case 'connectOrCreate': {
              // It gives nothing up, and the database may have the row by then: another part of the write has created it.
              const where = plainWhere(model, args.where)
              this.data(model, args.create, written.create, {
                conditions: [...place.conditions, { is: 'mayBeSkipped' }],
                row: hasValuesOf(args.create, where) ? where : undefined,
              })
              return
            }
            case 'upsert': {
              const target = this.target(model, under(args.where), one(args))
              this.data(model, args.create, written.create, absent(target, place))
              this.data(model, args.update, written.update, found(target, place))
              return
            }
            case 'update': {
              const wrapped = isList || isWrapped(model, args)
              const restrict = (rows?: readonly Where[]) => {
                replace(rows ? { where: rows[0], data: args } : args)
              }
              const target = wrapped
                ? this.target(model, under(args.where), one(args))
                : this.target(model, under(undefined), { isOne: true, restrict })
              const [data, writtenData] = wrapped ? [args.data, written.data] : [args, written]
              this.data(model, data, writtenData, found(target, place))
              return
            }
            case 'updateMany': {
              const { where = {} } = args
              const target = this.target(model, under(where), {
                parts: 'listed',
                restrict(parts) {
                  replace(eachPart(where as Where, parts).map((part) => ({ ...args, where: part })))
                },
              })
              this.data(model, args.data, written.data, found(target, place))
              return
            }
            case 'delete':
              if (value === false) return
              this.target(model, under(value === true ? undefined : value), {
                deletes: true,
                isOne: true,
                restrict(rows) {
                  replace(value === true ? (rows?.[0] ?? true) : narrowed(args, rows?.[0]))
                },
              })
              return
            case 'deleteMany':
              this.target(model, under(value), {
                deletes: true,
                parts: 'listed',
                restrict(parts) {
                  replace(eachPart(args, parts))
                },
              })
          }
        },
        (replaced) => (writes[write] = replaced),
      )
    }
  }

  private target(
    model: Model,
    where: Where,
    options: Pick<Target, 'restrict'> & Partial<Pick<Target, 'deletes' | 'limit' | 'isOne' | 'parts'>>,
  ): Target {
    const { deletes = false, isOne = false, parts = 'none' } = options
    const fields = deletes ? [...(this.fields.get(model.name)?.values() ?? [])] : []
    const isOfRowsAlone = looksAtRowsAlone(model, where)
    const target: Target = {
      ...options,
      model,
      where,
      fields: new Set(fields),
      deletes,
      isOne,
      parts,
      isOfRowsAlone,
      newKey: {},
    }
    this.targets.push(target)
    return target
  }
}

/** Models with files, and those that lead to them by relations: writes of one may write rows of the others. */
function modelsReachingFiles(schema: DataModel, hasFiles: (model: Model) => boolean): Set<string> {
  const models = [...schema.models.values()]
  const reaching = new Set(models.filter(hasFiles).map(({ name }) => name))
  let before: number
  do {
    before = reaching.size
    for (const { name, fields } of models) {
      if ([...fields.values()].some(({ relation }) => relation && reaching.has(relation.model)))
        reaching.add(name)
    }
  } while (reaching.size > before)
  return reaching
}

/** What a write says of the one row that its `where` names. */
function one(args: Args): Pick<Target, 'isOne' | 'restrict'> {
  return { isOne: true, restrict: restriction(args) }
}

/** Narrows the `where` of a write, unless that is sent in several parts. */
function restriction(args: Args): (parts?: readonly Where[]) => void {
  const { where = {} } = args
  return (parts) => {
    args.where = parts && parts.length > 1 ? where : narrowed(where as Where, parts?.[0])
  }
}

/**
 * The `where` of each part of a write. Of several, each says no more than which rows it means: what the first has changed must
 * not decide which rows the others find.
 */
function eachPart(where: Where, parts: readonly Where[] | undefined): readonly Where[] {
  return parts && parts.length > 1 ? parts : [narrowed(where, parts?.[0])]
}

/** A key stays where it is: `where` has to name one. */
function narrowed(where: Where, rows: Where | undefined): Where {
  return rows ? { ...where, AND: [...[where.AND ?? []].flat(), rows] } : where
}

function found(target: Target, { conditions }: Place): Place {
  return { conditions: [...conditions, { target, is: 'found' }], target }
}

function absent(target: Target, { conditions }: Place): Place {
  return { conditions: [...conditions, { target, is: 'absent' }] }
}

/** Prisma takes one object or a list of them in most places. What one is replaced by may be several. */
function eachOf(
  value: unknown,
  original: unknown,
  visit: (one: unknown, original: Args, replace: (value: unknown) => void) => void,
  replaceAll: (value: unknown) => void = () => undefined,
): void {
  if (!Array.isArray(value)) {
    if (!isLeftOut(value) && value !== null) visit(value, (original ?? {}) as Args, replaceAll)
    return
  }
  const originals: readonly unknown[] = Array.isArray(original) ? original : []
  const current: unknown[] = [...(value as unknown[])]
  value.forEach((one: unknown, index) => {
    visit(one, (originals[index] ?? {}) as Args, (replaced) => {
      current[index] = replaced
      replaceAll(current.flat())
    })
  })
}

/** True if a row that is created of this data is found by a `where`. */
function hasValuesOf(data: unknown, where: Where): boolean {
  const values = (data ?? {}) as Args
  return Object.entries(where).every(([name, value]) => typeof value !== 'object' && values[name] === value)
}

/** The rows that `connect`, `set` and `connectOrCreate` name. */
function whereOfEach(value: unknown): Where[] {
  return [value]
    .flat()
    .filter((one): one is Where => typeof one === 'object' && one !== null && !isLeftOut(one))
    .map((one) => ('create' in one && 'where' in one ? (one.where as Where) : one))
}

/** Rows are looked at again after the write, by their keys: as they are then. */
function noteNewKey(target: Target, data: Args): void {
  const { model, newKey, fields } = target
  for (const name of model.key) {
    const value = data[name]
    if (isLeftOut(value)) continue
    const isOperation =
      typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
    if (!isOperation) newKey[name] = value
    else if ('set' in value) newKey[name] = value.set
    else if (fields.size > 0) throw unknownKey(model, name)
  }
  const moves = [...model.fields.values()].find(
    ({ name, relation }) => !isLeftOut(data[name]) && relation?.fields.some((one) => model.key.includes(one)),
  )
  if (moves && fields.size > 0) throw unknownKey(model, moves.name)
}

function unknownKey(model: Model, field: string): FiledepotError {
  return new FiledepotError(
    'NOT_SUPPORTED',
    `Cannot change the key field ${field} of ${model.name} together with its files, because filedepot could not find the ` +
      'row afterwards. Change first one, then the other',
  )
}
