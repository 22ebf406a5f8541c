import type { DataSource, EntityMetadata } from 'typeorm'
import { reachesFiles } from './database-cascades.ts'
import { fileColumnsOf } from './file-column.ts'

/**
 * The entities with file columns, and those whose rows take such rows with them, in the form in which a subscriber can
 * name them: TypeORM asks the answer of `listenTo()` whether it `isPrototypeOf` an entity's class. One subscriber hears
 * exactly of them in this way, and saving any other entity costs nothing. (One subscriber for each entity would cost
 * each of the others a per cent.)
 */
export class FileEntities {
  readonly #dataSource: DataSource
  #metadatas: readonly EntityMetadata[] | undefined
  #targets = new Set<unknown>()
  #far = new Set<unknown>()

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource
  }

  isPrototypeOf(target: unknown): boolean {
    this.#refresh()
    return this.#targets.has(target)
  }

  /** True unless saving or removing such an entity can reach no file column, also through relations. */
  isNearFiles(target: unknown): boolean {
    this.#refresh()
    return !this.#far.has(target)
  }

  /** The metadata is built when the data source is initialised, and again each time it is. */
  #refresh(): void {
    const { entityMetadatas } = this.#dataSource
    if (this.#metadatas === entityMetadatas) return
    this.#metadatas = entityMetadatas
    const withFiles = entityMetadatas.filter((metadata) => reachesFiles(this.#dataSource, metadata))
    // Of views, only the loading is heard.
    const views = entityMetadatas.filter((metadata) => fileColumnsOf(metadata).length > 0)
    this.#targets = new Set([...withFiles, ...views].map(({ target }) => target))
    const near = related(withFiles, entityMetadatas)
    this.#far = new Set(entityMetadatas.filter((metadata) => !near.has(metadata)).map(({ target }) => target))
  }
}

/** All entities that are connected to one of these by relations, in any direction. */
function related(start: readonly EntityMetadata[], all: readonly EntityMetadata[]): Set<EntityMetadata> {
  const found = new Set(start)
  for (const metadata of found) {
    for (const other of all) {
      const points = [...metadata.relations, ...other.relations].some(
        ({ entityMetadata, inverseEntityMetadata }) =>
          (entityMetadata === metadata && inverseEntityMetadata === other) ||
          (entityMetadata === other && inverseEntityMetadata === metadata),
      )
      if (points || other.parentEntityMetadata === metadata || metadata.parentEntityMetadata === other) {
        found.add(other)
      }
    }
  }
  return found
}
