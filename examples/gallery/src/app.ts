import { createFileHandler, toNodeHandler } from '@filedepot/http'
import express, { type Express } from 'express'
import { answerError, answerNotFound } from './http/answer-error.ts'
import { pageHeaders } from './http/page-headers.ts'
import { sameOrigin } from './http/same-origin.ts'
import { staticFiles } from './http/static-files.ts'
import type { Gallery } from './open-gallery.ts'
import { albumRoutes } from './routes/albums.ts'
import { photoRoutes } from './routes/photos.ts'
import { rollbackRoutes } from './routes/rollback.ts'
import { uploadRoutes } from './routes/uploads.ts'

/** The web application of a gallery. */
export function createApp(gallery: Gallery): Express {
  const app = express()
  // Before all else: a file has headers of its own. Browsers get the bytes from here, also those that are on S3, so
  // that the pages need nothing from elsewhere.
  app.use(toNodeHandler(createFileHandler(gallery.depot, { public: true, delivery: 'proxy' })))
  app.use(pageHeaders)
  app.use('/assets', staticFiles())
  app.use(sameOrigin)
  app.use(albumRoutes(gallery), uploadRoutes(gallery), photoRoutes(gallery), rollbackRoutes(gallery))
  app.use(answerNotFound)
  app.use(answerError)
  return app
}
