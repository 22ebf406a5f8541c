import type { DepotManager } from '@filedepot/core'
import { receiveFiles } from '@filedepot/http'
import { rulesOf } from '@filedepot/prisma'
import type { FastifyInstance } from 'fastify'
import { MODELS, type Client } from '../client.ts'
import { pictureView, type Picture, type PictureView } from '../picture.ts'
import { ID, NO_FILE } from './schemas.ts'

/** What a client sees of a photo. */
interface PhotoView {
  readonly id: number
  readonly title: string
  readonly image: PictureView | null
}

export function photoView({
  id,
  title,
  image,
}: {
  id: number
  title: string
  image: Picture | null
}): PhotoView {
  return { id, title, image: pictureView(image) }
}

/** Photos: put into albums, changed and deleted. */
export function photoRoutes(app: FastifyInstance, prisma: Client, depot: DepotManager): void {
  // All photos of the form, or none. They are stored while they arrive, and the rows take them in one transaction; the
  // form deletes what no row has taken, as where there is no such album.
  app.post<{ Params: { id: number } }>(
    '/albums/:id/photos',
    { schema: { params: ID } },
    async (request, reply) => {
      const rules = { photos: { ...rulesOf(MODELS, 'photo', 'image'), maxFiles: 20 } }
      await using form = await receiveFiles(request.raw, rules, { depot })
      const images = form.files('photos')
      if (images.length === 0) return await reply.code(400).send(NO_FILE)
      const albumId = request.params.id
      const photos = await prisma.$transaction(
        images.map((image) => prisma.photo.create({ data: { title: image.filename, image, albumId } })),
      )
      return await reply.code(201).send(photos.map(photoView))
    },
  )

  // The title, the image or both. The old image goes when the new one is in its row for good.
  app.patch<{ Params: { id: number } }>('/photos/:id', { schema: { params: ID } }, async (request) => {
    const rules = { image: rulesOf(MODELS, 'photo', 'image') }
    await using form = await receiveFiles(request.raw, rules, { depot })
    const [title, image] = [form.get('title'), form.file('image')]
    const photo = await prisma.photo.update({
      where: { id: request.params.id },
      data: { ...(title !== undefined && { title }), ...(image && { image }) },
    })
    return photoView(photo)
  })

  app.delete<{ Params: { id: number } }>(
    '/photos/:id',
    { schema: { params: ID } },
    async (request, reply) => {
      await prisma.photo.delete({ where: { id: request.params.id } })
      return await reply.code(204).send()
    },
  )
}
