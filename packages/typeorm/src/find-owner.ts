import { parseFilePath } from '@filedepot/core'
import { expected } from '@filedepot/core/backend'
import { isBroken } from '@filedepot/core/integration'
import {
  Raw,
  type FindManyOptions,
  type FindOptionsWhere,
  type ObjectLiteral,
  type Repository,
} from 'typeorm'
import { dataSourceOf } from './typeorm-internals.ts'
import { fileColumnsOf, type FileColumn } from './column/file-column.ts'
import type { FileProperty } from './column/rules-of.ts'

/** Options of {@link findOwner}: those of `find`. */
export type FindOwnerOptions<Entity> = Omit<FindManyOptions<Entity>, 'select' | 'skip' | 'take'>

/**
 * Finds the row that holds a file in a column: as the file itself, as one of several, or as a derived file such as a thumbnail.
 * `null` without such a row. It searches the rows that match `where`, so name there which rows the user may see.
 *
 * ```ts
 * import { depot, type UploadedFile } from '@filedepot/core'
 * import { createFileHandler } from '@filedepot/http'
 * import { findOwner } from '@filedepot/typeorm'
 * import type { Repository } from 'typeorm'
 *
 * declare const recipes: Repository<{ id: number; userId: string; photo: UploadedFile | null }>
 *
 * createFileHandler(depot, {
 *   authorize: async (request, file) => {
 *     const userId = request.headers.get('x-user') ?? ''
 *     const recipe = await findOwner(recipes, 'photo', file.path, { where: { userId } })
 *     return recipe?.photo ?? false
 *   },
 * })
 * ```
 *
 * It looks at each of these rows, unless the column has an index for it: see "An index for the rows of files" in the
 * documentation. On MongoDB that is one on `photo.files`.
 *
 * @param property its name; within embedded objects the path, for example `address.plan`
 * @param path `storage/id`, with the name of the storage itself, as values and the file handler have it
 * @throws FiledepotError `INVALID_ARGUMENT` if there is no such file column, for an invalid path, and for a `where` that names
 *   the column, too
 */
export async function findOwner<Entity extends ObjectLiteral>(
  repository: Repository<Entity>,
  property: FileProperty<Entity> | `${string}.${string}`,
  path: string,
  options: FindOwnerOptions<Entity> = {},
): Promise<Entity | null> {
  const column = columnNamed(repository, property)
  const conditions = conditionsOf(repository, column, path)
  const { where: given = {} } = options as { where?: ObjectLiteral | ObjectLiteral[] }
  // For TypeORM this is no condition at all, but here it means that no row may be seen.
  if (Array.isArray(given) && given.length === 0) return null
  const also = (where: ObjectLiteral) => withCondition(where, conditions.property, conditions.value)
  const where = (Array.isArray(given) ? given.map(also) : also(given)) as FindOptionsWhere<Entity>
  const rows = await repository.find({ ...options, where })
  for (const row of rows) if (await holds(repository, column, row, path)) return row
  return null
}

function columnNamed<Entity extends ObjectLiteral>(
  { metadata }: Repository<Entity>,
  property: string,
): FileColumn {
  const columns = fileColumnsOf(metadata)
  const found = columns.find(({ column }) => column.propertyPath === property)
  if (found) return found
  const known = columns.map(({ column }) => column.propertyPath).join(', ')
  throw expected(
    'property',
    `a file column of ${metadata.name} (${known === '' ? 'it has none' : known})`,
    property,
  )
}

/** What a row has to be for a closer look. Each value lists its paths, so that one pattern finds all of them. */
function conditionsOf<Entity extends ObjectLiteral>(
  { manager }: Repository<Entity>,
  { column: { propertyPath } }: FileColumn,
  path: string,
): { property: readonly string[]; value: unknown } {
  const { id } = parseFilePath(path)
  if (dataSourceOf(manager).options.type === 'mongodb') {
    return { property: [`${propertyPath}.files`], value: path }
  }
  // The name of the storage is left out: its characters may be written in several ways.
  const value = Raw((name) => `${name} LIKE :filedepotFile`, { filedepotFile: `%/${id}"%` })
  return { property: propertyPath.split('.'), value }
}

function withCondition(
  where: ObjectLiteral,
  [name = '', ...rest]: readonly string[],
  value: unknown,
): ObjectLiteral {
  const there: unknown = where[name]
  if (rest.length > 0) return { ...where, [name]: withCondition(there ?? {}, rest, value) }
  if (there !== undefined) throw expected('where', `conditions on other columns than "${name}"`, there)
  return { ...where, [name]: value }
}

/** The pattern also finds what only names the file, in its metadata for example. */
async function holds<Entity extends ObjectLiteral>(
  repository: Repository<Entity>,
  column: FileColumn,
  row: Entity,
  path: string,
): Promise<boolean> {
  const value = column.get(row) ?? column.get(await withColumn(repository, column, row))
  const files = column.list(value) as ReturnType<FileColumn['parse']>
  return files.some((file) => !isBroken(file) && file.files.includes(path))
}

/** The file of a row whose column is loaded only where it is selected by name. */
async function withColumn<Entity extends ObjectLiteral>(
  { metadata, manager }: Repository<Entity>,
  { column }: FileColumn,
  row: Entity,
): Promise<ObjectLiteral> {
  const builder = manager.createQueryBuilder<Entity>(metadata.target, 'row').withDeleted()
  builder.select(metadata.primaryColumns.map(({ propertyPath }) => `row.${propertyPath}`))
  builder.addSelect(`row.${column.propertyPath}`)
  return (await builder.whereInIds(metadata.getEntityIdMap(row)).getOne()) ?? {}
}
