import { AbortedError, FiledepotError } from '@filedepot/core'
import type { FileRow, FileRows } from '@filedepot/ledger'
import type { DataSource } from 'typeorm'
import { collectionsWithFiles, pathOf } from './files/collection-files.ts'
import type { MongoDriver } from '../typeorm-internals.ts'

/** All values of the file columns of a data source on MongoDB: one cursor over each collection, and the file columns only. */
export function documentRowsOf(dataSource: DataSource): FileRows {
  return {
    async *values(signal) {
      const { queryRunner } = dataSource.driver as unknown as MongoDriver
      if (!queryRunner) {
        throw new FiledepotError(
          'INVALID_ARGUMENT',
          'Cannot read the documents of a data source that is not connected. Call initialize() first',
        )
      }
      for (const collection of collectionsWithFiles(dataSource.entityMetadatas).values()) {
        const { name: table, columns, projection } = collection
        for await (const document of queryRunner.getCollection(table).find({}, { projection })) {
          if (signal?.aborted) throw new AbortedError('Reading the documents', { cause: signal.reason })
          for (const column of columns) {
            const value = column.get(document)
            if (value === null || value === undefined) continue
            yield { table, column: pathOf(column), key: { _id: document._id }, value } satisfies FileRow
          }
        }
      }
    },
  }
}
