const { DepotManager, FiledepotError, MemoryBackend, UploadedFile } = require('@filedepot/core')
const { attachDepot, uploadedFileColumn } = require('@filedepot/typeorm')
const { DataSource, EntitySchema } = require('typeorm')

test.each(['gcs', 'http', 'image', 's3'])('@filedepot/%s is loaded by require', (name) => {
  expect(Object.keys(require(`@filedepot/${name}`))).not.toHaveLength(0)
})

test('a file lives and dies with its row', async () => {
  const depot = new DepotManager()
  depot.configure('default', new MemoryBackend())
  const Note = new EntitySchema({
    name: 'note',
    columns: { id: { type: Number, primary: true, generated: true }, file: uploadedFileColumn() },
  })
  const dataSource = new DataSource({
    type: 'better-sqlite3',
    database: ':memory:',
    entities: [Note],
    synchronize: true,
  })
  await attachDepot(dataSource, depot).initialize()
  const notes = dataSource.getRepository(Note)

  const { id } = await notes.save({ file: UploadedFile.from(Buffer.from('hello')) })
  const note = await notes.findOneByOrFail({ id })
  const { file } = note
  await notes.remove(note)

  expect(file).toBeInstanceOf(UploadedFile)
  await expect(file.open()).rejects.toBeInstanceOf(FiledepotError)
  await dataSource.destroy()
})
