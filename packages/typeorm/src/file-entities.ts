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

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource
  }

  isPrototypeOf(target: unknown): boolean {
    this.#refresh()
    return this.#targets.has(target)
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
  }
}
