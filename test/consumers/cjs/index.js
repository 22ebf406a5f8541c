const core = require('@filedepot/core')
const backendKit = require('@filedepot/core/backend')
const ormKit = require('@filedepot/core/integration')
const s3 = require('@filedepot/s3')
const gcs = require('@filedepot/gcs')
const image = require('@filedepot/image')
const http = require('@filedepot/http')
const testing = require('@filedepot/testing')
const gcsServer = require('@filedepot/testing/gcs-server')
const model = require('@filedepot/testing/model')
const integration = require('@filedepot/typeorm')
const { DataSource, EntitySchema } = require('typeorm')

async function main() {
  const sameClasses =
    (await import('@filedepot/core')).UploadedFile === core.UploadedFile &&
    (await import('@filedepot/core/integration')).FileTransaction === ormKit.FileTransaction &&
    backendKit.expected('a name', 'a text', 1) instanceof core.FiledepotError &&
    (await import('@filedepot/core/backend')).expected('a name', 'a text', 1) instanceof
      core.FiledepotError &&
    ormKit.isUploadedFile(core.UploadedFile.from(Buffer.from('a'))) &&
    (await import('@filedepot/typeorm')).attachDepot === integration.attachDepot &&
    (await import('@filedepot/s3')).S3Backend === s3.S3Backend &&
    (await import('@filedepot/gcs')).GcsBackend === gcs.GcsBackend &&
    (await import('@filedepot/image')).UploadedImage === image.UploadedImage &&
    (await import('@filedepot/http')).createFileHandler === http.createFileHandler &&
    (await import('@filedepot/testing')).ChaosBackend === testing.ChaosBackend &&
    (await import('@filedepot/testing/gcs-server')).startGcsServer === gcsServer.startGcsServer &&
    (await import('@filedepot/testing/model')).runProgram === model.runProgram

  // What errors and util.inspect call a class.
  const misnamed = [core, backendKit, ormKit, s3, gcs, image, http, testing, integration].flatMap(
    (exported) =>
      Object.entries(exported)
        .filter(([name, value]) => isClass(value) && value.name !== name)
        .map(([name]) => name),
  )

  const depot = new core.DepotManager()
  const files = depot.configure('default', new core.MemoryBackend())
  const Note = new EntitySchema({
    name: 'note',
    columns: { id: { type: Number, primary: true, generated: true }, file: integration.uploadedFileColumn() },
  })
  const dataSource = new DataSource({
    type: 'better-sqlite3',
    database: ':memory:',
    entities: [Note],
    synchronize: true,
  })
  await integration.attachDepot(dataSource, depot).initialize()

  const notes = dataSource.getRepository(Note)
  const { id } = await notes.save({ file: core.UploadedFile.from(Buffer.from('hello')) })
  const note = await notes.findOneByOrFail({ id })
  const text = (await note.file.bytes()).toString()
  await notes.remove(note)
  let left = 0
  for await (const _ of files.list()) left++

  console.log(JSON.stringify({ text, sameClasses, misnamed, files: left }))
}

function isClass(value) {
  return typeof value === 'function' && value.toString().startsWith('class')
}

void main()
