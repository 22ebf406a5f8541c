import type { DataSource } from 'typeorm'
import { kind, quoted } from './database-kind.ts'

/** Deletes the rows of all entities, in whichever order their tables refer to each other. */
export async function emptyTables(dataSource: DataSource): Promise<void> {
  const tables = new Set(
    dataSource.entityMetadatas
      .filter(({ tableType }) => tableType !== 'view')
      .map(({ tablePath }) => quoted(tablePath)),
  )
  if (kind === 'postgres') {
    await dataSource.query(`TRUNCATE ${[...tables].join(', ')}`)
    return
  }
  const [off, on] =
    kind === 'sqlite'
      ? ['PRAGMA foreign_keys = OFF', 'PRAGMA foreign_keys = ON']
      : ['SET FOREIGN_KEY_CHECKS = 0', 'SET FOREIGN_KEY_CHECKS = 1']
  const queryRunner = dataSource.createQueryRunner()
  await queryRunner.query(off)
  for (const table of tables) await queryRunner.query(`DELETE FROM ${table}`)
  await queryRunner.query(on)
  await queryRunner.release()
}
