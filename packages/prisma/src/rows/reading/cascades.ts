import type { TransactionLink, Where } from '../../prisma-internals.ts'
import { expected } from '@filedepot/core/backend'
import type { FileFields } from '../../fields/file-fields.ts'
import type { FiledepotOptions } from '../../fields/filedepot-options.ts'
import { keyNameOf, type ReadRows, type RowReader } from './row-reader.ts'
import type { DataModel, Model, Relation } from '../../schema/data-model.ts'

/** A relation by which the database deletes rows together with those that they refer to. */
interface Cascade {
  /** The model whose rows are deleted as well, and its side of the relation. */
  readonly child: Model
  readonly relation: Relation
}

/** Which rows the database deletes together with others. */
export class Cascades {
  readonly #byParent: ReadonlyMap<string, readonly Cascade[]>
  readonly #losing: ReadonlySet<string>
  /** `Album.photos`, for each relation that deletes rows with files and is not followed. */
  readonly notFollowed: readonly string[]

  /** @throws FiledepotError `INVALID_ARGUMENT` for what is no relation of the schema */
  constructor(schema: DataModel, fields: FileFields, option: FiledepotOptions['cascades'] = 'schema') {
    const ofSchema = cascadesOf(schema, ({ relation }) => relation.cascades)
    this.#byParent = option === 'schema' ? ofSchema : chosen(schema, option)
    this.#losing = modelsLosingFiles(fields, this.#byParent)
    const losing = modelsLosingFiles(fields, ofSchema)
    this.notFollowed = [...ofSchema].flatMap(([parent, cascades]) =>
      cascades
        .filter(({ child }) => losing.has(child.name))
        .filter((one) => !this.#byParent.get(parent)?.some(({ relation }) => relation === one.relation))
        .map(({ relation }) => `${parent}.${relation.opposite}`),
    )
  }

  /** True if files may go when rows of the model are deleted: its own, or those of rows that go with them. */
  losesFiles(model: Model): boolean {
    return this.#losing.has(model.name)
  }

  /** What has to be read of the rows of a model to find those that go with them. */
  referencesOf(model: Model): string[] {
    return [...new Set(this.#of(model).flatMap(({ relation }) => relation.references))]
  }

  /** Reads and locks the rows that go with others, and those that go with these, and so on. */
  async read(reader: RowReader, link: TransactionLink, deleted: ReadRows): Promise<ReadRows[]> {
    const seen = new Set(deleted.keys.map((key) => nameOf(deleted.model, key)))
    const all: ReadRows[] = []
    let level = [deleted]
    while (level.length > 0) {
      const next: ReadRows[] = []
      for (const { model, keys } of level) {
        for (const { child, relation } of this.#of(model)) {
          const rows = await reader.readReferring(link, child, relation, keys, this.referencesOf(child))
          const fresh = rows.keys.filter((key) => !seen.has(nameOf(child, key)))
          for (const key of fresh) seen.add(nameOf(child, key))
          if (rows.keys.length > 0) all.push(rows)
          if (fresh.length > 0) next.push({ ...rows, keys: fresh })
        }
      }
      level = next
    }
    return all
  }

  /** Those that lead to files. */
  #of(model: Model): Cascade[] {
    return (this.#byParent.get(model.name) ?? []).filter(({ child }) => this.#losing.has(child.name))
  }
}

function cascadesOf(
  schema: DataModel,
  wanted: (cascade: Cascade & { parent: Model }) => boolean,
): Map<string, Cascade[]> {
  const byParent = new Map<string, Cascade[]>()
  for (const child of schema.models.values()) {
    for (const { relation } of child.fields.values()) {
      // The side with the foreign key.
      if (!relation || relation.fields.length === 0) continue
      if (!wanted({ child, relation, parent: schema.get(relation.model) })) continue
      byParent.set(relation.model, [...(byParent.get(relation.model) ?? []), { child, relation }])
    }
  }
  return byParent
}

function chosen(
  schema: DataModel,
  option: Readonly<Record<string, readonly string[]>>,
): Map<string, Cascade[]> {
  for (const [property, names] of Object.entries(option)) {
    const model = schema.byProperty(property)
    const wrong = names.find((name) => !model?.fields.get(name)?.relation)
    if (!model || wrong !== undefined) {
      throw expected('cascades', 'relations of models of the schema', `${property}.${wrong ?? ''}`)
    }
  }
  return cascadesOf(
    schema,
    ({ parent, relation }) => option[parent.property]?.includes(relation.opposite) === true,
  )
}

/** Models with files, and those whose rows take such rows with them. */
function modelsLosingFiles(
  fields: FileFields,
  byParent: ReadonlyMap<string, readonly Cascade[]>,
): Set<string> {
  const losing = new Set(fields.keys())
  let before: number
  do {
    before = losing.size
    for (const [parent, cascades] of byParent) {
      if (cascades.some(({ child }) => losing.has(child.name))) losing.add(parent)
    }
  } while (losing.size > before)
  return losing
}

function nameOf(model: Model, key: Where): string {
  return `${model.name} ${keyNameOf(model, key)}`
}
