const { mkdtempSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { DepotManager, LocalBackend, UploadedFile } = require('@filedepot/core')
const { filedepot } = require('@filedepot/prisma')
const { PrismaBetterSqlite3 } = require('@prisma/adapter-better-sqlite3')
const { Prisma, PrismaClient } = require('@prisma/client')
const { readReplicas } = require('@prisma/extension-read-replicas')

const folder = mkdtempSync(join(tmpdir(), 'prisma-consumer-'))
const depot = new DepotManager()
const files = depot.configure('default', new LocalBackend(join(folder, 'files')))
const clientOf = () =>
  new PrismaClient({ adapter: new PrismaBetterSqlite3({ url: join(folder, 'notes.db') }) })

/** Deleting only says when. */
const softDelete = Prisma.defineExtension((client) =>
  client.$extends({
    query: {
      note: {
        delete: ({ args }) => client.note.update({ ...args, data: { deletedAt: new Date() } }),
      },
    },
  }),
)

async function main() {
  const base = clientOf()
  await base.$executeRawUnsafe(
    'CREATE TABLE Note (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, file JSONB, deletedAt DATETIME)',
  )
  const replica = clientOf()
  const prisma = base
    .$extends(softDelete)
    .$extends(filedepot({ depot, models: { note: { file: UploadedFile } } }))
    .$extends(readReplicas({ replicas: [replica] }))
  const file = (text) => UploadedFile.from(Buffer.from(text))

  const { id } = await prisma.note.create({ data: { name: 'one', file: file('hello') } })
  const read = await prisma.note.findUniqueOrThrow({ where: { id } })
  const text = (await read.file.bytes()).toString()
  const taken = await prisma.note
    .create({ data: { name: 'one', file: file('good bye') } })
    .catch(({ code }) => code)
  const failed = await prisma
    .$transaction(async (tx) => {
      await tx.note.update({ where: { id }, data: { file: file('good bye') } })
      throw new Error('on purpose')
    })
    .catch(({ message }) => message)
  await prisma.note.delete({ where: { id } })
  const deleted = await prisma.note.findUniqueOrThrow({ where: { id } })
  const kept = (await deleted.file.bytes()).toString()
  let left = 0
  for await (const _ of files.list()) left++

  const isDeleted = deleted.deletedAt !== null
  console.log(JSON.stringify({ text, taken, failed, isDeleted, kept, files: left }))
  await Promise.all([base.$disconnect(), replica.$disconnect()])
}

void main()
