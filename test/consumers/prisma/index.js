const { DepotManager, MemoryBackend, UploadedFile } = require('@filedepot/core')
const { filedepot } = require('@filedepot/prisma')
const { PrismaBetterSqlite3 } = require('@prisma/adapter-better-sqlite3')
const { PrismaClient } = require('@prisma/client')

async function main() {
  const sameClasses = (await import('@filedepot/prisma')).filedepot === filedepot

  const depot = new DepotManager()
  const files = depot.configure('default', new MemoryBackend())
  const base = new PrismaClient({ adapter: new PrismaBetterSqlite3({ url: ':memory:' }) })
  await base.$executeRawUnsafe('CREATE TABLE Note (id INTEGER PRIMARY KEY AUTOINCREMENT, file JSONB)')
  const prisma = base.$extends(filedepot({ depot, models: { note: { file: UploadedFile } } }))

  const { id, file } = await prisma.note.create({ data: { file: UploadedFile.from(Buffer.from('hello')) } })
  const text = (await file.bytes()).toString()
  await prisma.note.update({ where: { id }, data: { file: UploadedFile.from(Buffer.from('good bye')) } })
  await prisma.note.delete({ where: { id } })
  let left = 0
  for await (const _ of files.list()) left++

  console.log(JSON.stringify({ text, sameClasses, files: left }))
}

void main()
