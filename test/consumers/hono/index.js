import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import { depot, LocalBackend } from '@filedepot/core'
import { createFileHandler, httpStatus, receiveFiles } from '@filedepot/http'
import { attachDepot, uploadedFileColumn } from '@filedepot/typeorm'
import { Hono } from 'hono'
import { DataSource, EntitySchema } from 'typeorm'

const Recipe = new EntitySchema({
  name: 'recipe',
  columns: {
    id: { type: Number, primary: true, generated: true },
    name: { type: String, unique: true },
    photo: uploadedFileColumn({ maxSize: 1_000_000 }),
  },
})
depot.configure('default', new LocalBackend(mkdtempSync(join(tmpdir(), 'hono-consumer-'))))
const dataSource = new DataSource({
  type: 'better-sqlite3',
  database: ':memory:',
  entities: [Recipe],
  synchronize: true,
})
await attachDepot(dataSource, depot).initialize()

const app = new Hono()
const handler = createFileHandler(depot, { public: true })
app.use(async (context, next) => {
  const response = await handler(context.req.raw)
  if (!response) await next()
  return response
})
app.post('/recipes', async (context) => {
  const form = await receiveFiles(context.req.raw, { photo: { maxSize: 1_000_000 } })
  try {
    const saved = await dataSource
      .getRepository(Recipe)
      .save({ name: form.get('name'), photo: form.file('photo') })
    return context.json({ url: saved.photo.url }, 201)
  } finally {
    await form.discard()
  }
})
app.onError((error, context) =>
  context.json({ code: error.code }, error.driverError ? 409 : httpStatus(error)),
)

const server = serve({ fetch: app.fetch, port: 0 }, async ({ port }) => {
  const url = `http://localhost:${port}`
  const post = (name, bytes) => {
    const form = new FormData()
    form.set('name', name)
    form.set('photo', new Blob([bytes]), 'soup.txt')
    return fetch(`${url}/recipes`, { method: 'POST', body: form })
  }
  const created = await post('Soup', 'hello')
  const served = await fetch(new URL((await created.json()).url, url))
  const text = await served.text()
  const taken = (await post('Soup', 'good bye')).status
  const tooLarge = (await post('Cake', 'x'.repeat(2_000_000))).status
  let files = 0
  for await (const _ of depot.get().list()) files++
  console.log(JSON.stringify({ created: created.status, text, taken, tooLarge, files }))
  server.close()
})
