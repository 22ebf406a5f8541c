import type { DataSource, EntityMetadata } from 'typeorm'
import { fromMetadata } from '../../typeorm-internals.ts'

/** The entities with listeners of their own, such as `@BeforeInsert()`, and all that a save can reach from them. */
export class ListeningEntities {
  readonly #withoutListeners: () => ReadonlySet<unknown>

  constructor(dataSource: DataSource) {
    this.#withoutListeners = fromMetadata(dataSource, (metadatas) => {
      const listening = metadatas.filter(({ listeners }) => listeners.length > 0)
      const near = related(listening, metadatas)
      return new Set(metadatas.filter((metadata) => !near.has(metadata)).map(({ target }) => target))
    })
  }

  /** True where saving or removing such an entity surely runs no listener, also through relations. */
  hasNoListeners(target: unknown): boolean {
    return this.#withoutListeners().has(target)
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
