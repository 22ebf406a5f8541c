import type { FastifyInstance } from 'fastify'
import type { Client } from '../client.ts'
import { Picture } from '../picture.ts'
import { ID } from './schemas.ts'

interface Transfer {
  /** The other album. */
  readonly to: number
  readonly photos: readonly [number, ...number[]]
}

/** Moves photos to another album, and makes a copy of the first its cover. Where one of them is missing, none is moved. */
export function transferRoute(app: FastifyInstance, prisma: Client): void {
  const body = {
    type: 'object',
    required: ['to', 'photos'],
    properties: {
      to: { type: 'integer' },
      photos: { type: 'array', items: { type: 'integer' }, minItems: 1, maxItems: 100 },
    },
    additionalProperties: false,
  }
  app.post<{ Params: { id: number }; Body: Transfer }>(
    '/albums/:id/transfer',
    { schema: { params: ID, body } },
    async (request, reply) => {
      const { to, photos } = request.body
      const [first, ...others] = photos
      await prisma.$transaction(async (transaction) => {
        const move = (id: number) =>
          transaction.photo.update({ where: { id, albumId: request.params.id }, data: { albumId: to } })

        const { image } = await move(first)
        // What is uploaded here takes time of the transaction (`timeout`, 5 s). A copy on the same disk has it.
        if (image) {
          await transaction.album.update({
            where: { id: to },
            data: { cover: Picture.from(await image.open()) },
          })
        }
        for (const id of others) await move(id)
      })
      return await reply.code(204).send()
    },
  )
}
