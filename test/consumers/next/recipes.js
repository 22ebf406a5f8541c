import { uploadedFileColumn, attachDepot } from '@filedepot/typeorm'
import { depot } from '@filedepot/core'
import { DataSource, EntitySchema } from 'typeorm'

export const Recipe = new EntitySchema({
  name: 'recipe',
  columns: {
    id: { type: Number, primary: true, generated: true },
    name: { type: String, unique: true },
    photo: uploadedFileColumn({ nullable: true }),
  },
})

let opening

/** The data source of this process: opened with the first request. */
export function dataSource() {
  opening ??= attachDepot(
    new DataSource({
      type: 'better-sqlite3',
      database: process.env.DATABASE,
      entities: [Recipe],
      synchronize: true,
    }),
    depot,
  ).initialize()
  return opening
}
