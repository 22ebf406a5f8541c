import { createRequire } from 'node:module'
import * as core from '@filedepot/core'
import * as backendKit from '@filedepot/core/backend'
import * as ormKit from '@filedepot/core/integration'
import * as s3 from '@filedepot/s3'
import * as gcs from '@filedepot/gcs'
import * as image from '@filedepot/image'
import * as http from '@filedepot/http'
import * as testing from '@filedepot/testing'
import * as gcsServer from '@filedepot/testing/gcs-server'
import * as model from '@filedepot/testing/model'
import * as integration from '@filedepot/typeorm'
import { DataSource, EntitySchema } from 'typeorm'

const require = createRequire(import.meta.url)
const sameClasses =
  require('@filedepot/core').UploadedFile === core.UploadedFile &&
  require('@filedepot/core/integration').FileTransaction === ormKit.FileTransaction &&
  backendKit.expected('a name', 'a text', 1) instanceof core.FiledepotError &&
  require('@filedepot/core/backend').expected('a name', 'a text', 1) instanceof core.FiledepotError &&
  ormKit.isUploadedFile(core.UploadedFile.from(Buffer.from('a'))) &&
  require('@filedepot/typeorm').attachDepot === integration.attachDepot &&
  require('@filedepot/s3').S3Backend === s3.S3Backend &&
  require('@filedepot/gcs').GcsBackend === gcs.GcsBackend &&
  require('@filedepot/image').UploadedImage === image.UploadedImage &&
  require('@filedepot/http').createFileHandler === http.createFileHandler &&
  require('@filedepot/testing').ChaosBackend === testing.ChaosBackend &&
  require('@filedepot/testing/gcs-server').startGcsServer === gcsServer.startGcsServer &&
  require('@filedepot/testing/model').runProgram === model.runProgram

// What errors and util.inspect call a class.
const misnamed = [core, backendKit, ormKit, s3, gcs, image, http, testing, integration].flatMap((exported) =>
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

function isClass(value) {
  return typeof value === 'function' && value.toString().startsWith('class')
}
