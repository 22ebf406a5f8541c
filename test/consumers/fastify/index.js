import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fastifyMultipart from '@fastify/multipart'
import { depot, discardUnowned, LocalBackend, UploadedFile } from '@filedepot/core'
import { createFileHandler, httpStatus, toNodeHandler } from '@filedepot/http'
import { attachDepot, uploadedFileColumn } from '@filedepot/typeorm'
import fastify from 'fastify'
import { DataSource, EntitySchema } from 'typeorm'

const Recipe = new EntitySchema({
  name: 'recipe',
  columns: {
    id: { type: Number, primary: true, generated: true },
    name: { type: String, unique: true },
    photo: uploadedFileColumn(),
  },
})
depot.configure('default', new LocalBackend(mkdtempSync(join(tmpdir(), 'fastify-consumer-'))))
const dataSource = new DataSource({
  type: 'better-sqlite3',
  database: ':memory:',
  entities: [Recipe],
  synchronize: true,
})
await attachDepot(dataSource, depot).initialize()

const app = fastify({ requestTimeout: 60_000 })
const serveFile = toNodeHandler(createFileHandler(depot, { public: true }))
app.route({
  method: ['GET', 'HEAD'],
  url: '/depot/*',
  handler: async (request, reply) => {
    reply.hijack()
    await serveFile(request.raw, reply.raw)
  },
})
// Larger than Fastify's own limit of a body, 1 MiB.
await app.register(fastifyMultipart, { limits: { fileSize: 3_000_000 } })
app.post('/recipes', async (request, reply) => {
  const part = await request.file()
  const photo = await depot.upload(UploadedFile.from(part), { maxSize: 3_000_000 })
  try {
    const saved = await dataSource.getRepository(Recipe).save({ name: part.fields.name.value, photo })
    return await reply.code(201).send({ url: saved.photo.url })
  } finally {
    await discardUnowned(photo, () => depot.deleteFiles(photo.files))
  }
})
app.setErrorHandler((error, _request, reply) => {
  const status = error.driverError ? 409 : (error.statusCode ?? httpStatus(error))
  return reply.code(status).send({ code: error.code })
})

const url = await app.listen({ port: 0 })
const post = (name, bytes) => {
  const form = new FormData()
  form.set('name', name)
  form.set('photo', new Blob([bytes]), 'soup.txt')
  return fetch(`${url}/recipes`, { method: 'POST', body: form })
}
const created = await post('Soup', `hello${' '.repeat(2_000_000)}`)
const served = await fetch(new URL((await created.json()).url, url))
const text = (await served.text()).trim()
const taken = (await post('Soup', 'good bye')).status
const tooLarge = (await post('Cake', 'x'.repeat(3_000_001))).status
let files = 0
for await (const _ of depot.get().list()) files++
console.log(JSON.stringify({ created: created.status, text, taken, tooLarge, files }))
await app.close()
