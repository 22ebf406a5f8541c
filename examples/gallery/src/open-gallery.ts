import { DepotManager } from '@filedepot/core'
import type { EnvironmentBackend } from '@filedepot/core/integration'
import { S3Backend } from '@filedepot/s3'
import { attachDepot } from '@filedepot/typeorm'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DataSource, type DataSourceOptions } from 'typeorm'
import { Album } from './entities/album.ts'
import { Photo } from './entities/photo.ts'

/** What the pages work with: a database for rows, and a depot for their files. */
export interface Gallery {
  readonly dataSource: DataSource
  readonly depot: DepotManager
  /** Where things are kept, for whoever starts the gallery. */
  readonly places: string
  close(): Promise<void>
}

export type Environment = Readonly<Record<string, string | undefined>>

/** `DEPOT_BACKEND=s3` and its settings. The keys are those that the AWS SDK finds, as `AWS_ACCESS_KEY_ID`. */
const s3: EnvironmentBackend = {
  settings: ['BUCKET', 'PREFIX', 'REGION', 'ENDPOINT', 'FORCE_PATH_STYLE'],
  create: ({ BUCKET = '', PREFIX, REGION, ENDPOINT, FORCE_PATH_STYLE }) =>
    new S3Backend({
      bucket: BUCKET,
      prefix: PREFIX,
      region: REGION,
      endpoint: ENDPOINT,
      forcePathStyle: FORCE_PATH_STYLE === 'true',
    }),
}

/** Opens the gallery that the environment names; without a word from it, SQLite and a folder in `data`. */
export async function openGallery(env: Environment): Promise<Gallery> {
  const folder = env.GALLERY_DATA ?? fileURLToPath(new URL('../data', import.meta.url))
  await mkdir(folder, { recursive: true })

  const depot = new DepotManager()
  const files = env.DEPOT_BACKEND ?? join(folder, 'files')
  const local = { DEPOT_BACKEND: 'local', DEPOT_STORAGE_PATH: files }
  const { backend } = depot.fromEnvironment('photos', {
    env: env.DEPOT_BACKEND === undefined ? { ...local, ...env } : env,
    backends: { s3 },
  })
  if (backend instanceof S3Backend) await backend.ensureBucket()

  const dataSource = attachDepot(new DataSource(databaseOf(env, folder)), depot)
  await dataSource.initialize()

  return {
    dataSource,
    depot,
    places: `rows in ${env.DATABASE_URL === undefined ? 'SQLite' : 'PostgreSQL'}, files in ${files}`,
    close: async () => {
      await dataSource.destroy()
      await depot.close()
    },
  }
}

function databaseOf({ DATABASE_URL }: Environment, folder: string): DataSourceOptions {
  const shared = {
    entities: [Album, Photo],
    synchronize: true, // for an example; a real application has migrations
  }
  return DATABASE_URL === undefined
    ? { ...shared, type: 'better-sqlite3', database: join(folder, 'gallery.db') }
    : { ...shared, type: 'postgres', url: DATABASE_URL }
}
