import 'reflect-metadata'
import { depot, LocalBackend } from '@filedepot/core'
import { attachDepot } from '@filedepot/typeorm'
import { DataSource } from 'typeorm'
import { Photo } from '#entities/photo.ts'

depot.configure('default', new LocalBackend('./uploads'))
depot.configure('backup', new LocalBackend('./backup'))

// The command line must not synchronize: that would make the tables by connecting.
export const dataSource = attachDepot(
  new DataSource({ type: 'better-sqlite3', database: 'app.db', entities: [Photo], synchronize: true }),
  depot,
  { ledger: true },
)
