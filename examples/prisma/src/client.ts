import type { DepotManager } from '@filedepot/core'
import { filedepot } from '@filedepot/prisma'
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3'
import { PrismaClient } from '../../../prisma/generated/sqlite/client.ts'
import { MAX_SIZE, Picture } from './picture.ts'

const picture = { type: Picture, maxSize: MAX_SIZE } as const

/** The fields that hold pictures. Forms take their rules from here, too. */
export const MODELS = { album: { cover: picture }, photo: { image: picture } } as const

/** Prisma's client, whose fields `cover` and `image` hold pictures. For another database, give it another adapter. */
export function createClient(database: string, depot: DepotManager) {
  const adapter = new PrismaBetterSqlite3({ url: `file:${database}` })
  return new PrismaClient({ adapter }).$extends(filedepot({ depot, models: MODELS }))
}

/** What {@link createClient} returns. */
export type Client = ReturnType<typeof createClient>
