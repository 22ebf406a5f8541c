import type { EntityMetadata, QueryRunner } from 'typeorm'
import { cascadesOf, type DatabaseCascade } from './database-cascades.ts'
import { queryRows, selectRows, type RowFiles } from './row-files.ts'

/** A row that goes with another, and the entity that it is of. */
export interface CascadedRow {
  readonly metadata: EntityMetadata
  readonly row: RowFiles
}

/** How many parents are asked for in one statement. */
const PARENTS_AT_ONCE = 200

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
      for (const cascade of cascadesOf(queryRunner.dataSource, parent)) {
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
  return `${metadata.tablePath} ${JSON.stringify(row.key)}`
}

async function readChildren(
  queryRunner: QueryRunner,
  { child, foreignKey: { columns, referencedColumns } }: DatabaseCascade,
  parents: readonly RowFiles[],
): Promise<RowFiles[]> {
  const { driver } = queryRunner.dataSource
  const children: RowFiles[] = []
  for (let start = 0; start < parents.length; start += PARENTS_AT_ONCE) {
    const parameters: unknown[] = []
    const where = parents.slice(start, start + PARENTS_AT_ONCE).map(({ key }) => {
      const equal = columns.map(({ databaseName }, index) => {
        const referenced = referencedColumns[index]
        if (referenced)
          parameters.push(driver.preparePersistentValue(referenced.getEntityValue(key), referenced))
        return `${driver.escape(databaseName)} = ${driver.createParameter(databaseName, parameters.length - 1)}`
      })
      return `(${equal.join(' AND ')})`
    })
    const statement = selectRows(queryRunner, child, where.join(' OR '))
    children.push(...(await queryRows(queryRunner, child, statement, parameters)))
  }
  return children
}
