import type { EntityManager } from 'typeorm'
import { Photo } from './entities/photo.ts'
import { PhotoImage } from './entities/photo-image.ts'
import type { Gallery } from './open-gallery.ts'
import { samplePictures } from './sample-pictures.ts'

/** How much there is of everything. */
export interface Inventory {
  readonly rows: number
  readonly files: number
}

/** What there was before the transaction, in it right before it failed, and afterwards. */
export interface RollbackReport {
  readonly before: Inventory
  readonly during: Inventory
  readonly after: Inventory
}

class FailedOnPurpose extends Error {}

/** Adds pictures to an album in a transaction that fails at its very end. */
export async function failOnPurpose(gallery: Gallery, albumId: number): Promise<RollbackReport> {
  const { manager } = gallery.dataSource
  const before = await inventory(gallery, manager)
  let during = before
  try {
    await manager.transaction(async (inside) => {
      for (const { caption, filename, bytes } of await samplePictures(before.rows)) {
        await inside.save(Photo, { albumId, caption, image: PhotoImage.from(bytes, { filename }) })
      }
      during = await inventory(gallery, inside)
      throw new FailedOnPurpose()
    })
  } catch (error) {
    if (!(error instanceof FailedOnPurpose)) throw error
  }
  return { before, during, after: await inventory(gallery, manager) }
}

async function inventory({ depot }: Gallery, manager: EntityManager): Promise<Inventory> {
  const ids: string[] = []
  for await (const id of depot.get().list()) ids.push(id)
  return { rows: await manager.count(Photo), files: ids.length }
}
