import type { DataSource, EntityMetadata } from 'typeorm'
import { reachesFiles } from '../rows/reading/foreign-keys.ts'
import { fileColumnsOf } from '../column/file-column.ts'
import { fromMetadata } from '../from-metadata.ts'

/**
 * True for entities with file columns, and for those whose rows take such rows with them. Of views with such columns, only
 * the loading is of interest.
 */
export function hasFiles(dataSource: DataSource, metadata: EntityMetadata): boolean {
  return reachesFiles(dataSource, metadata) || fileColumnsOf(metadata).length > 0
}

/**
 * The entities {@link hasFiles | with files} in the form in which a subscriber of TypeORM can name them: it asks the answer
 * of `listenTo()` whether it `isPrototypeOf` an entity's class. One subscriber hears exactly of them in this way, and saving
 * any other entity costs nothing. (One subscriber for each entity would cost each of the others a per cent.)
 */
export class FileEntities {
  readonly #targets: () => ReadonlySet<unknown>

  constructor(dataSource: DataSource) {
    this.#targets = fromMetadata(dataSource, (metadatas) => {
      const heard = metadatas.filter((metadata) => hasFiles(dataSource, metadata))
      return new Set(heard.map(({ target }) => target))
    })
  }

  isPrototypeOf(target: unknown): boolean {
    return this.#targets().has(target)
  }
}
