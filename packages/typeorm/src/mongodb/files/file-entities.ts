import type { DataSource } from 'typeorm'
import { fileColumnsOf } from '../../column/file-column.ts'
import { fromMetadata } from '../../typeorm-internals.ts'

/**
 * The entities with files in the form in which a subscriber of TypeORM can name them: it asks the answer
 * of `listenTo()` whether it `isPrototypeOf` an entity's class. One subscriber hears exactly of them in this way, and saving
 * any other entity costs nothing. (One subscriber for each entity would cost each of the others a per cent.)
 */
export class FileEntities {
  readonly #targets: () => ReadonlySet<unknown>

  constructor(dataSource: DataSource) {
    this.#targets = fromMetadata(dataSource, (metadatas) => {
      const heard = metadatas.filter((metadata) => fileColumnsOf(metadata).length > 0)
      return new Set(heard.map(({ target }) => target))
    })
  }

  isPrototypeOf(target: unknown): boolean {
    return this.#targets().has(target)
  }
}
