import type { DataSource, EntityMetadata } from 'typeorm'
import { fileColumnsOf } from '../../column/file-column.ts'

type ForeignKey = EntityMetadata['foreignKeys'][number]

/** A foreign key by which the database deletes rows of another table together with a row, and files with them. */
export interface DatabaseCascade {
  readonly child: EntityMetadata
  readonly foreignKey: ForeignKey
}

const known = new WeakMap<EntityMetadata, readonly DatabaseCascade[]>()

/** The cascades of an entity that lead to rows with files, at once or through further cascades. */
export function cascadesOf(dataSource: DataSource, metadata: EntityMetadata): readonly DatabaseCascade[] {
  let cascades = known.get(metadata)
  if (!cascades) {
    cascades = directCascades(dataSource, metadata).filter(({ child }) => reachesFiles(dataSource, child))
    known.set(metadata, cascades)
  }
  return cascades
}

/** Kept in the metadata of an entity, as each write asks for it. */
const REACHES_FILES = Symbol('filedepot.reachesFiles')

/** True where deleting a row of the entity deletes files, its own or those of rows that go with it. */
export function reachesFiles(
  dataSource: DataSource,
  metadata: EntityMetadata & { [REACHES_FILES]?: boolean | undefined },
): boolean {
  return (metadata[REACHES_FILES] ??= findsFiles(dataSource, metadata))
}

/**
 * True for entities with file columns, and for those whose rows take such rows with them. Of views with such columns, only
 * the loading is of interest.
 */
export function hasFiles(dataSource: DataSource, metadata: EntityMetadata): boolean {
  return reachesFiles(dataSource, metadata) || fileColumnsOf(metadata).length > 0
}

function findsFiles(dataSource: DataSource, metadata: EntityMetadata): boolean {
  const reached = new Set([metadata])
  for (const entity of reached) {
    for (const { child } of directCascades(dataSource, entity)) reached.add(child)
  }
  // Views show the files of other rows.
  return [...reached].some((entity) => entity.tableType !== 'view' && fileColumnsOf(entity).length > 0)
}

function directCascades(dataSource: DataSource, metadata: EntityMetadata): DatabaseCascade[] {
  return referencesTo(dataSource, metadata).filter(({ foreignKey }) => foreignKey.onDelete === 'CASCADE')
}

/** The foreign keys of all tables that refer to the table of an entity. */
export function referencesTo(dataSource: DataSource, { tablePath }: EntityMetadata): DatabaseCascade[] {
  return tablesOf(dataSource).flatMap((child) =>
    child.foreignKeys
      .filter(({ referencedEntityMetadata }) => referencedEntityMetadata.tablePath === tablePath)
      .map((foreignKey) => ({ child, foreignKey })),
  )
}

/** One entity for each table: of those that share one, the base, which knows the columns of all. */
export function tablesOf({ entityMetadatas }: DataSource): EntityMetadata[] {
  return entityMetadatas.filter(
    ({ parentEntityMetadata }) => !(parentEntityMetadata as EntityMetadata | undefined),
  )
}
