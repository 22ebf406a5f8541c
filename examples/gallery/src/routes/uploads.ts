import { parse } from 'node:path'
import { receiveFiles } from '@filedepot/http'
import { rulesOf } from '@filedepot/typeorm'
import { Router } from 'express'
import { Album } from '../entities/album.ts'
import { PhotoImage } from '../entities/photo-image.ts'
import { Photo } from '../entities/photo.ts'
import { isForScript } from '../http/is-for-script.ts'
import type { Gallery } from '../open-gallery.ts'
import { MAX_FILES, Refusal } from '../refusal.ts'
import { samplePictures } from '../sample-pictures.ts'
import { html } from '../views/html.ts'
import { photoCard } from '../views/photo-card.ts'
import { idOf } from './id-of.ts'

/** Pictures that come into an album, and one that takes the place of another. */
export function uploadRoutes({ dataSource, depot }: Gallery): Router {
  const albums = dataSource.getRepository(Album)
  const photos = dataSource.getRepository(Photo)

  return Router()
    .post('/albums/:id/photos', async (request, response) => {
      const album = await albums.findOneByOrFail({ id: idOf(request.params) })
      const page = (response.locals.page = `/albums/${album.id}`)
      // The files are stored and thumbnails made while they arrive. Those that get no row are deleted when this ends.
      const rules = { photos: { ...rulesOf(Photo, 'image'), maxFiles: MAX_FILES } }
      await using form = await receiveFiles(request, rules, { depot })

      const added = await photos.save(
        atLeastOne(form.files('photos')).map((image) => ({
          albumId: album.id,
          image,
          caption: captionFrom(image.filename),
        })),
      )

      if (isForScript(request)) response.status(201).json({ html: html`${added.map(photoCard)}`.text })
      else response.redirect(303, `${page}?done=photos-added`)
    })
    .post('/albums/:id/samples', async ({ params }, response) => {
      const album = await albums.findOneByOrFail({ id: idOf(params) })
      // Not uploaded yet: that is done when they are saved, in the transaction of their rows.
      const pictures = await samplePictures(await photos.count())
      await photos.save(
        pictures.map(({ caption, filename, bytes }) => ({
          albumId: album.id,
          caption,
          image: PhotoImage.from(bytes, { filename }),
        })),
      )
      response.redirect(303, `/albums/${album.id}?done=photos-added`)
    })
    .post('/photos/:id/image', async (request, response) => {
      const photo = await photos.findOneByOrFail({ id: idOf(request.params) })
      const page = (response.locals.page = `/photos/${photo.id}`)
      const rules = { image: rulesOf(Photo, 'image') }
      await using form = await receiveFiles(request, rules, { depot })

      // The old picture and its thumbnails are deleted when this is committed.
      photo.image = atLeastOne(form.files('image'))[0]
      await photos.save(photo)
      response.redirect(303, `${page}?done=photo-replaced`)
    })
}

/** The pictures that have come, if there are any. */
function atLeastOne([first, ...others]: readonly PhotoImage[]): [PhotoImage, ...PhotoImage[]] {
  if (!first) throw new Refusal('NO_FILE', 400)
  return [first, ...others]
}

/** `Beach_at-noon.jpg` says what it shows until somebody says it better. */
function captionFrom(filename: string): string {
  return parse(filename)
    .name.replaceAll(/[_\-\s]+/g, ' ')
    .trim()
    .slice(0, 200)
}
