import { urlencoded, Router } from 'express'
import { Album } from '../entities/album.ts'
import { sendPage } from '../http/send-page.ts'
import type { Gallery } from '../open-gallery.ts'
import { Refusal } from '../refusal.ts'
import { albumPage } from '../views/album-page.ts'
import { albumsPage } from '../views/albums-page.ts'
import { idOf } from './id-of.ts'

/** Albums: all of them, one, a new one, and none any more. */
export function albumRoutes({ dataSource }: Gallery): Router {
  const albums = dataSource.getRepository(Album)

  return Router()
    .get('/', async ({ query }, response) => {
      const all = await albums.find({
        relations: { photos: true },
        order: { id: 'DESC', photos: { id: 'ASC' } },
      })
      sendPage(response, albumsPage(all, query))
    })
    .post('/albums', urlencoded({ extended: false }), async ({ body }, response) => {
      response.locals.page = '/'
      const { title } = body as { title?: unknown }
      const trimmed = typeof title === 'string' ? title.trim() : ''
      if (trimmed === '' || trimmed.length > 100) throw new Refusal('NO_TITLE', 400)

      const { id } = await albums.save({ title: trimmed })
      response.redirect(303, `/albums/${id}`)
    })
    .get('/albums/:id', async ({ params, query }, response) => {
      const album = await albums.findOneOrFail({
        where: { id: idOf(params) },
        relations: { photos: true },
        order: { photos: { id: 'ASC' } },
      })
      sendPage(response, albumPage(album, { query }))
    })
    .post('/albums/:id/delete', async ({ params }, response) => {
      // One statement: the database takes the photos along, and their files go when that is committed.
      await albums.delete(idOf(params))
      response.redirect(303, '/?done=album-deleted')
    })
}
