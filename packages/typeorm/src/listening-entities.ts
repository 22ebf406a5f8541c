import type { DataSource, EntityMetadata } from 'typeorm'

/** The entities with listeners of their own, such as `@BeforeInsert()`, and all that a save can reach from them. */
export class ListeningEntities {
  readonly #dataSource: DataSource
  #metadatas: readonly EntityMetadata[] | undefined
  #deaf = new Set<unknown>()

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource
  }

  /** True where saving or removing such an entity surely runs no listener, also through relations. */
  isDeaf(target: unknown): boolean {
    // The metadata is built when the data source is initialised, and again each time it is.
    const { entityMetadatas } = this.#dataSource
    if (this.#metadatas !== entityMetadatas) {
      this.#metadatas = entityMetadatas
      const listening = entityMetadatas.filter(({ listeners }) => listeners.length > 0)
      const near = related(listening, entityMetadatas)
      this.#deaf = new Set(
        entityMetadatas.filter((metadata) => !near.has(metadata)).map(({ target }) => target),
      )
    }
    return this.#deaf.has(target)
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
