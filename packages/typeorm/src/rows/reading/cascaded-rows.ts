import type { EntityMetadata, QueryRunner } from 'typeorm'
import { cascadesOf, type DatabaseCascade } from './foreign-keys.ts'
import { dataSourceOf } from '../../typeorm-internals.ts'
import { keyOf, type RowFiles } from './row-files.ts'
import { readerOf } from './row-reader.ts'

/** A row that goes with another, and the entity that it is of. */
export interface CascadedRow {
  readonly metadata: EntityMetadata
  readonly row: RowFiles
}

/** The rows that the database deletes together with these, through any number of cascading foreign keys. */
export async function readCascadedRows(
  queryRunner: QueryRunner,
  metadata: EntityMetadata,
  rows: readonly RowFiles[],
): Promise<CascadedRow[]> {
  const found: CascadedRow[] = []
  const seen = new Set(rows.map((row) => nameOf({ metadata, row })))
  let parents = new Map([[metadata, [...rows]]])
  while (parents.size > 0) {
    const next = new Map<EntityMetadata, RowFiles[]>()
    for (const [parent, parentRows] of parents) {
      for (const cascade of cascadesOf(dataSourceOf(queryRunner), parent)) {
        for (const row of await readChildren(queryRunner, cascade, parentRows)) {
          const child = { metadata: cascade.child, row }
          // Cascades can go round in circles.
          if (seen.has(nameOf(child))) continue
          seen.add(nameOf(child))
          found.push(child)
          const siblings = next.get(cascade.child)
          if (siblings) siblings.push(row)
          else next.set(cascade.child, [row])
        }
      }
    }
    parents = next
  }
  return found
}

function nameOf({ metadata, row }: CascadedRow): string {
  return `${metadata.tablePath} ${keyOf(metadata, row.key)}`
}

async function readChildren(
  queryRunner: QueryRunner,
  { child, foreignKey: { columns, referencedColumns } }: DatabaseCascade,
  parents: readonly RowFiles[],
): Promise<RowFiles[]> {
  const keys = parents.map(({ key }) => key)
  return await readerOf(queryRunner).readSame(child, { columns, sourceColumns: referencedColumns }, keys)
}
