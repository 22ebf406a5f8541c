import { urlencoded, Router } from 'express'
import { Photo } from '../entities/photo.ts'
import { sendPage } from '../http/send-page.ts'
import type { Gallery } from '../open-gallery.ts'
import { Refusal } from '../refusal.ts'
import { photoPage } from '../views/photo-page.ts'
import { idOf } from './id-of.ts'

/** A photo: its page, its caption, and its end. */
export function photoRoutes({ dataSource }: Gallery): Router {
  const photos = dataSource.getRepository(Photo)

  return Router()
    .get('/photos/:id', async ({ params, query }, response) => {
      const photo = await photos.findOneOrFail({ where: { id: idOf(params) }, relations: { album: true } })
      sendPage(response, photoPage(photo, query))
    })
    .post('/photos/:id/caption', urlencoded({ extended: false }), async ({ params, body }, response) => {
      const photo = await photos.findOneByOrFail({ id: idOf(params) })
      const page = (response.locals.page = `/photos/${photo.id}`)
      const { caption } = body as { caption?: unknown }
      const trimmed = typeof caption === 'string' ? caption.trim() : ''
      if (trimmed.length > 200) throw new Refusal('LONG_CAPTION', 400)

      photo.caption = trimmed
      await photos.save(photo)
      response.redirect(303, `${page}?done=caption-saved`)
    })
    .post('/photos/:id/delete', async ({ params }, response) => {
      const photo = await photos.findOneByOrFail({ id: idOf(params) })
      await photos.remove(photo)
      response.redirect(303, `/albums/${photo.albumId}?done=photo-deleted`)
    })
}
