import { UploadedFile } from '@filedepot/core'
import { readRowValue } from '@filedepot/core/integration'
import type { DataSource, EntityMetadata } from 'typeorm'

/** The paths of all files that rows refer to, read with plain SQL and without the library's own transformers. */
export async function pathsOfRows(dataSource: DataSource): Promise<string[]> {
  const paths: string[] = []
  const seen = new Set<string>()
  for (const metadata of dataSource.entityMetadatas) {
    for (const name of fileColumnNames(metadata)) {
      const column = `${metadata.tablePath}.${name}`
      // Entities of one table, as in single-table inheritance, share its columns.
      if (seen.has(column)) continue
      seen.add(column)
      const { driver } = dataSource
      const table = metadata.tablePath.split('.').map((part) => driver.escape(part))
      const sql = `SELECT ${driver.escape(name)} AS file FROM ${table.join('.')}`
      for (const { file } of await dataSource.query<{ file: string | null }[]>(sql)) {
        if (file === null) continue
        const json: unknown = JSON.parse(file)
        for (const value of Array.isArray(json) ? json : [json])
          paths.push(...readRowValue(UploadedFile, value).files)
      }
    }
  }
  return paths.sort()
}

function fileColumnNames({ columns, tableType }: EntityMetadata): string[] {
  if (tableType === 'view') return []
  return columns
    .filter(({ transformer }) => transformer?.constructor.name === 'UploadedFileTransformer')
    .map(({ databaseName }) => databaseName)
}
