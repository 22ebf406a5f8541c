import type { DepotManager } from '@filedepot/core'
import { createFileHandler, toNodeHandler } from '@filedepot/http'
import type { FastifyInstance } from 'fastify'

/** Serves the files where their URLs point. */
export function fileRoutes(app: FastifyInstance, depot: DepotManager): void {
  const serveFile = toNodeHandler(createFileHandler(depot, { public: true }))
  app.route({
    method: ['GET', 'HEAD'],
    url: `${depot.baseUrl}/*`,
    handler: async (request, reply) => {
      reply.hijack()
      await serveFile(request.raw, reply.raw)
    },
  })
}
