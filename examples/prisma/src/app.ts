import fastifyMultipart from '@fastify/multipart'
import { DepotManager, LocalBackend } from '@filedepot/core'
import fastify, { type FastifyInstance } from 'fastify'
import { answerError } from './answer-error.ts'
import { createClient } from './client.ts'
import { createTables } from './create-tables.ts'
import { MAX_SIZE } from './picture.ts'
import { albumRoutes } from './routes/album-routes.ts'
import { fileRoutes } from './routes/file-routes.ts'
import { photoRoutes } from './routes/photo-routes.ts'
import { transferRoute } from './routes/transfer-route.ts'

/** Where the application keeps what it is given. */
export interface AppSettings {
  /** Path of the SQLite database. */
  readonly database: string
  /** Path of the folder for files. */
  readonly uploads: string
  /** Path of Prisma's folder of migrations. */
  readonly migrations: string
}

/** The application, with a depot and a client of its own. */
export async function buildApp({ database, uploads, migrations }: AppSettings): Promise<FastifyInstance> {
  createTables(database, migrations)
  const depot = new DepotManager()
  depot.configure('photos', new LocalBackend(uploads))
  const prisma = createClient(database, depot)

  // Fastify waits for the end of a request without a limit by default.
  const app = fastify({ logger: { level: 'error' }, requestTimeout: 300_000 })
  app.setErrorHandler(answerError)
  // It leaves the body to the route: to `request.file()`, or to `receiveFiles`.
  await app.register(fastifyMultipart, { limits: { fileSize: MAX_SIZE } })
  fileRoutes(app, depot)
  albumRoutes(app, prisma)
  photoRoutes(app, prisma, depot)
  transferRoute(app, prisma)
  app.addHook('onClose', async () => {
    await prisma.$disconnect()
    await depot.close()
  })
  return app
}
