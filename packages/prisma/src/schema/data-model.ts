import type { PrismaInternals, RuntimeModel } from '../prisma-internals.ts'
import { parseSchema, type SchemaField, type SchemaModel } from './parse-schema.ts'

/** A field of a model. */
interface ModelField {
  readonly name: string
  readonly type: string
  readonly column: string
  readonly isList: boolean
  readonly isRequired: boolean
  readonly relation: Relation | undefined
}

/** A relation, seen from one of its two sides. */
export interface Relation {
  /** The model on the other side. */
  readonly model: string
  /** The field on the other side. */
  readonly opposite: string
  /** If the foreign key is on this side: the fields that hold it, and what they refer to. */
  readonly fields: readonly string[]
  readonly references: readonly string[]
  readonly cascades: boolean
}

/** A model of the schema. */
export interface Model {
  readonly name: string
  /** The property of the client: `user` for a model `User`. */
  readonly property: string
  readonly table: string
  /** True for a view of the database: Prisma only reads it. */
  readonly isView: boolean
  readonly schema: string | undefined
  readonly fields: ReadonlyMap<string, ModelField>
  /** The fields of the primary key, or else of a unique one. */
  readonly key: readonly string[]
  /** Keys of several fields by the name that they have in a `where`. */
  readonly compoundKeys: ReadonlyMap<string, readonly string[]>
}

/** The data model: one half from the running client, the other half from the text of the schema. */
export class DataModel {
  readonly models: ReadonlyMap<string, Model>
  readonly #byProperty: ReadonlyMap<string, Model>

  constructor({ models, schema }: Pick<PrismaInternals, 'models' | 'schema'>) {
    const texts = parseSchema(schema)
    this.models = new Map(
      Object.entries(models).map(([name, model]) => [name, toModel(name, model, texts, models)]),
    )
    this.#byProperty = new Map([...this.models.values()].map((model) => [model.property, model]))
  }

  /** A model by its name. */
  get(name: string): Model {
    const model = this.models.get(name)
    if (!model) throw new TypeError(`The schema has no model ${name}`)
    return model
  }

  /** A model by the property of the client. */
  byProperty(property: string): Model | undefined {
    return this.#byProperty.get(property)
  }
}

function toModel(
  name: string,
  { dbName, schema, fields }: RuntimeModel,
  texts: ReadonlyMap<string, SchemaModel>,
  models: Readonly<Record<string, RuntimeModel>>,
): Model {
  const text = texts.get(name)
  return {
    name,
    property: name.charAt(0).toLowerCase() + name.slice(1),
    table: dbName ?? name,
    isView: text?.isView ?? false,
    schema: schema ?? undefined,
    key: text?.key ?? [],
    compoundKeys: text?.compoundKeys ?? new Map(),
    fields: new Map(
      fields.map((field) => {
        const written = text?.fields.get(field.name)
        return [
          field.name,
          {
            name: field.name,
            type: field.type,
            column: field.dbName ?? field.name,
            isList: written?.isList ?? false,
            isRequired: written?.isRequired ?? false,
            relation: field.kind === 'object' ? toRelation(name, field, written, models) : undefined,
          },
        ]
      }),
    ),
  }
}

function toRelation(
  model: string,
  { name, type, relationName }: RuntimeModel['fields'][number],
  written: SchemaField | undefined,
  models: Readonly<Record<string, RuntimeModel>>,
): Relation | undefined {
  // Both sides of a relation of a model with itself are in that model.
  const opposite = models[type]?.fields.find(
    (field) => field.relationName === relationName && !(type === model && field.name === name),
  )
  if (!opposite) return undefined
  return {
    model: type,
    opposite: opposite.name,
    fields: written?.relation?.fields ?? [],
    references: written?.relation?.references ?? [],
    cascades: written?.relation?.onDelete === 'Cascade',
  }
}
