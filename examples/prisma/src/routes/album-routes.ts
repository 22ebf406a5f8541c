import type { FilePart } from '@filedepot/core'
import type { FastifyInstance } from 'fastify'
import type { Client } from '../client.ts'
import { Picture, pictureView } from '../picture.ts'
import { photoView } from './photo-routes.ts'
import { ID, NO_FILE } from './schemas.ts'

/** Albums: made, shown, given a cover, and deleted with all that is in them. */
export function albumRoutes(app: FastifyInstance, prisma: Client): void {
  const body = {
    type: 'object',
    required: ['title'],
    properties: { title: { type: 'string', minLength: 1 } },
    additionalProperties: false,
  }
  app.post<{ Body: { title: string } }>('/albums', { schema: { body } }, async (request, reply) => {
    const { id, title } = await prisma.album.create({ data: { title: request.body.title } })
    return await reply.code(201).send({ id, title })
  })

  app.get('/albums', async () => {
    const albums = await prisma.album.findMany({
      include: { _count: { select: { photos: true } } },
      orderBy: { id: 'asc' },
    })
    return albums.map(({ id, title, cover, _count }) => ({
      id,
      title,
      cover: pictureView(cover),
      photos: _count.photos,
    }))
  })

  app.get<{ Params: { id: number } }>('/albums/:id', { schema: { params: ID } }, async ({ params }) => {
    const { id, title, cover, photos } = await prisma.album.findUniqueOrThrow({
      where: { id: params.id },
      include: { photos: { orderBy: { id: 'asc' } } },
    })
    return { id, title, cover: pictureView(cover), photos: photos.map(photoView) }
  })

  // A part of @fastify/multipart is a content: it is uploaded as it arrives, before the transaction of the update.
  app.put<{ Params: { id: number } }>(
    '/albums/:id/cover',
    { schema: { params: ID } },
    async (request, reply) => {
      const part = (await request.file()) as FilePart | undefined
      if (!part) return await reply.code(400).send(NO_FILE)
      const { id, title, cover } = await prisma.album.update({
        where: { id: request.params.id },
        data: { cover: Picture.from(part) },
      })
      return { id, title, cover: pictureView(cover) }
    },
  )

  // The database deletes the photos with their album (`onDelete: Cascade`), and their files go, too.
  app.delete<{ Params: { id: number } }>(
    '/albums/:id',
    { schema: { params: ID } },
    async (request, reply) => {
      await prisma.album.delete({ where: { id: request.params.id } })
      return await reply.code(204).send()
    },
  )
}
