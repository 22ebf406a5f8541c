import type { DataSource } from 'typeorm'
import { fileColumnsOf } from './file-column.ts'

/**
 * The entities with file columns, in the form in which a subscriber can name them: TypeORM asks the answer of
 * `listenTo()` whether it `isPrototypeOf` an entity's class. One subscriber hears exactly of them in this way, and
 * saving any other entity costs nothing. (One subscriber for each entity would cost each of the others a per cent.)
 */
export class FileEntities {
  readonly #dataSource: DataSource
  #metadatas: DataSource['entityMetadatas'] | undefined
  #targets = new Set<unknown>()

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource
  }

  isPrototypeOf(target: unknown): boolean {
    const { entityMetadatas } = this.#dataSource
    if (this.#metadatas !== entityMetadatas) {
      // The metadata is built when the data source is initialised, and again each time it is.
      this.#metadatas = entityMetadatas
      const withFiles = entityMetadatas.filter((metadata) => fileColumnsOf(metadata).length > 0)
      this.#targets = new Set(withFiles.map((metadata) => metadata.target))
    }
    return this.#targets.has(target)
  }
}
