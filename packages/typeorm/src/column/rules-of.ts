import type { UploadedFile } from '@filedepot/core'
import { expected } from '@filedepot/core/backend'
import { columnRules, type ColumnRules } from '@filedepot/core/integration'
import { EntitySchema, getMetadataArgsStorage, type ObjectLiteral, type ValueTransformer } from 'typeorm'
import type { FileColumnSettings } from './uploaded-file-column.ts'
import { UploadedFileTransformer } from './uploaded-file-transformer.ts'

/** The properties of an entity that hold files. */
export type FileProperty<Entity> = {
  [Property in keyof Entity & string]-?: NonNullable<Entity[Property]> extends
    UploadedFile | readonly UploadedFile[]
    ? Property
    : never
}[keyof Entity & string]

/** What a property holds: one file, or one of several. */
export type FileIn<Value> =
  NonNullable<Value> extends readonly (infer File extends UploadedFile)[]
    ? File
    : NonNullable<Value> extends UploadedFile
      ? NonNullable<Value>
      : UploadedFile

/** An entity: its class, or its schema. */
export type EntityWithFiles<Entity extends ObjectLiteral> =
  (abstract new (...args: never[]) => Entity) | EntitySchema<Entity>

/**
 * The rules of a file column, for a form or for multer: what a form brings is then checked, derived and stored as the column
 * wants it before the row is saved. It works before the data source is initialized.
 *
 * ```ts
 * import { allowTypes, UploadedFile } from '@filedepot/core'
 * import { receiveFiles } from '@filedepot/http'
 * import { rulesOf, UploadedFileColumn } from '@filedepot/typeorm'
 * import { Entity, PrimaryGeneratedColumn, type Repository } from 'typeorm'
 *
 * @Entity()
 * class Person {
 *   @PrimaryGeneratedColumn() id!: number
 *   @UploadedFileColumn({ storage: 'photos', maxSize: 5_000_000, validators: [allowTypes('image/*')] })
 *   photo!: UploadedFile | null
 *   @UploadedFileColumn({ array: true }) documents!: UploadedFile[] | null
 * }
 *
 * async function create(request: Request, people: Repository<Person>) {
 *   await using form = await receiveFiles(request, {
 *     photo: rulesOf(Person, 'photo'),
 *     documents: { ...rulesOf(Person, 'documents'), maxFiles: 3 },
 *   })
 *   return await people.save({ photo: form.file('photo') ?? null, documents: form.files('documents') })
 * }
 * ```
 *
 * A form takes at most 10 files for a column of several, unless you say another `maxFiles`. A column without `maxSize` leaves
 * that of the form, 10 MiB, in force.
 *
 * @param property its name; within embedded objects the path, for example `address.plan`
 * @throws FiledepotError `INVALID_ARGUMENT` if there is no such file column; the message lists those that there are
 */
export function rulesOf<Entity extends ObjectLiteral, Property extends FileProperty<Entity>>(
  entity: EntityWithFiles<Entity>,
  property: Property,
): ColumnRules<FileIn<Entity[Property]>>
export function rulesOf(entity: EntityWithFiles<ObjectLiteral>, path: `${string}.${string}`): ColumnRules
export function rulesOf(entity: EntityWithFiles<ObjectLiteral>, path: string): ColumnRules {
  const columns = entity instanceof EntitySchema ? columnsOfSchema(entity) : columnsOfClass(entity)
  const settings = columns.get(path)
  if (settings) return columnRules(settings.type, settings, settings.array)
  const name = entity instanceof EntitySchema ? entity.options.name : entityName(entity)
  const known = [...columns.keys()].join(', ')
  throw expected('property', `a file column of ${name} (${known === '' ? 'it has none' : known})`, path)
}

type Columns = Map<string, FileColumnSettings>

/** What decorators have said of a class, of those that it extends, and of those that are embedded in them. */
function columnsOfClass(entity: unknown, prefix = ''): Columns {
  const columns: Columns = new Map()
  if (typeof entity !== 'function') return columns
  const storage = getMetadataArgsStorage()
  const targets: unknown[] = []
  for (let target: unknown = entity; typeof target === 'function'; target = Object.getPrototypeOf(target)) {
    targets.push(target)
  }
  for (const { target, propertyName, options } of storage.columns) {
    const settings = targets.includes(target) ? settingsOf(options.transformer) : undefined
    if (settings) columns.set(`${prefix}${propertyName}`, settings)
  }
  for (const { target, propertyName, type } of storage.embeddeds) {
    if (!targets.includes(target)) continue
    for (const [path, settings] of columnsOfClass(type(), `${prefix}${propertyName}.`))
      columns.set(path, settings)
  }
  return columns
}

function columnsOfSchema({ options }: EntitySchema, prefix = ''): Columns {
  const columns: Columns = new Map()
  for (const [name, column] of Object.entries(options.columns)) {
    const settings = settingsOf(column?.transformer)
    if (settings) columns.set(`${prefix}${name}`, settings)
  }
  for (const [name, embedded] of Object.entries(options.embeddeds ?? {})) {
    const { schema } = embedded as { schema: EntitySchema }
    for (const [path, settings] of columnsOfSchema(schema, `${prefix}${name}.`)) columns.set(path, settings)
  }
  return columns
}

function settingsOf(
  transformer: ValueTransformer | ValueTransformer[] | undefined,
): FileColumnSettings | undefined {
  const found = [transformer].flat().find((one) => one instanceof UploadedFileTransformer)
  return (found as UploadedFileTransformer<FileColumnSettings> | undefined)?.options
}

function entityName(entity: unknown): string {
  return typeof entity === 'function' ? entity.name : String(entity)
}
