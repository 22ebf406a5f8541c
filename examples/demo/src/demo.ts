// The main job in one short story: rows and their files, on embedded SQLite and local disk.
import 'reflect-metadata'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { depot, fromPath, LocalBackend, UploadedFile } from '@filedepot/core'
import { attachDepot } from '@filedepot/typeorm'
import { DataSource } from 'typeorm'
import { expectRefusal, Story } from './story.ts'
import { Person } from './person.ts'

const folder = await mkdtemp(join(tmpdir(), 'filedepot-demo-'))
const uploads = join(folder, 'uploads')
console.log(`Everything happens in ${folder}`)

depot.configure('default', new LocalBackend(uploads))
const dataSource = attachDepot(
  new DataSource({
    type: 'better-sqlite3',
    database: join(folder, 'demo.db'),
    entities: [Person],
    synchronize: true,
  }),
)
await dataSource.initialize()
const people = dataSource.getRepository(Person)
const story = new Story(people, uploads)

await story.step('Save a row with the bytes of a file', async () => {
  await people.save({
    name: 'Ada',
    photo: UploadedFile.from(Buffer.from('Ada in 1843'), { filename: 'ada.txt' }),
  })
})

await story.step('Read it back', async () => {
  const { photo } = await people.findOneByOrFail({ name: 'Ada' })
  if (!photo) throw new Error('the photo is lost')
  console.log(`  ${photo.filename}, ${photo.contentType}, ${photo.size} bytes, at ${photo.url}`)
  console.log(`  it says: ${(await photo.bytes()).toString()}`)
})

await story.step('Replace the file: the old one is gone', async () => {
  const ada = await people.findOneByOrFail({ name: 'Ada' })
  const path = join(folder, 'ada-in-1852.txt')
  await writeFile(path, 'Ada in 1852')
  ada.photo = UploadedFile.from(fromPath(path))
  await people.save(ada)
})

await story.step('Replace it again, and roll back: the new one is gone, the old one is there', async () => {
  await expectRefusal('the transaction was rolled back', () =>
    dataSource.transaction(async (manager) => {
      const ada = await manager.findOneByOrFail(Person, { name: 'Ada' })
      ada.photo = UploadedFile.from(Buffer.from('never seen'))
      await manager.save(ada)
      await manager.save(Person, { name: 'Nobody', photo: UploadedFile.from(Buffer.from('neither')) })
      throw new Error('the transaction was rolled back')
    }),
  )
})

await story.step('A savepoint is rolled back inside a transaction that commits', async () => {
  await dataSource.transaction(async (outer) => {
    await outer.save(Person, { name: 'Grace', photo: UploadedFile.from(Buffer.from('Grace in 1944')) })
    await expectRefusal('the savepoint was rolled back', () =>
      outer.transaction(async (inner) => {
        await inner.save(Person, { name: 'Ghost', photo: UploadedFile.from(Buffer.from('a ghost')) })
        throw new Error('the savepoint was rolled back')
      }),
    )
  })
})

await story.step('Remove a row: its file goes with it', async () => {
  await people.remove(await people.findOneByOrFail({ name: 'Ada' }))
})

await dataSource.destroy()
console.log(`\nDone. Rows and files agreed after each of the ${story.steps} steps.`)
console.log(`The database and the folder of the storage are still in ${folder}`)
