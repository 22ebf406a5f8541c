import type { DataSource } from 'typeorm'
import { reachesFiles } from './database-cascades.ts'
import { fileColumnsOf } from './file-column.ts'
import { fromMetadata } from './from-metadata.ts'

/**
 * The entities with file columns, and those whose rows take such rows with them, in the form in which a subscriber can
 * name them: TypeORM asks the answer of `listenTo()` whether it `isPrototypeOf` an entity's class. One subscriber hears
 * exactly of them in this way, and saving any other entity costs nothing. (One subscriber for each entity would cost
 * each of the others a per cent.)
 */
export class FileEntities {
  readonly #targets: () => ReadonlySet<unknown>

  constructor(dataSource: DataSource) {
    this.#targets = fromMetadata(dataSource, (metadatas) => {
      // Of views, only the loading is heard.
      const heard = metadatas.filter(
        (metadata) => reachesFiles(dataSource, metadata) || fileColumnsOf(metadata).length > 0,
      )
      return new Set(heard.map(({ target }) => target))
    })
  }

  isPrototypeOf(target: unknown): boolean {
    return this.#targets().has(target)
  }
}
