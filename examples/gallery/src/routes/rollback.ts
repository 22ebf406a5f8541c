import { Router } from 'express'
import { Album } from '../entities/album.ts'
import { failOnPurpose } from '../fail-on-purpose.ts'
import { sendPage } from '../http/send-page.ts'
import type { Gallery } from '../open-gallery.ts'
import { albumPage } from '../views/album-page.ts'
import { idOf } from './id-of.ts'

/** The button that fails on purpose. */
export function rollbackRoutes(gallery: Gallery): Router {
  const albums = gallery.dataSource.getRepository(Album)

  return (
    Router()
      // The address under which the report stood, without the form that had it made.
      .get('/albums/:id/rollback', ({ params }, response) => {
        response.redirect(`/albums/${idOf(params)}`)
      })
      .post('/albums/:id/rollback', async ({ params }, response) => {
        const { id } = await albums.findOneByOrFail({ id: idOf(params) })
        const report = await failOnPurpose(gallery, id)
        const album = await albums.findOneOrFail({
          where: { id },
          relations: { photos: true },
          order: { photos: { id: 'ASC' } },
        })
        sendPage(response, albumPage(album, { report }))
      })
  )
}
