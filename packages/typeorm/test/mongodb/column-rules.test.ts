import 'reflect-metadata'
import { allowTypes, UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import { describe, expect, it } from '@jest/globals'
import type { ObjectId } from 'mongodb'
import { Column, Entity, ObjectIdColumn } from 'typeorm'
import { textFile, textOf } from '../support/contents.ts'
import { onMongodb } from './support/mongo-database.ts'

@Entity()
class Contract {
  @ObjectIdColumn()
  id!: ObjectId

  @Column()
  name!: string

  @UploadedFileColumn({ storage: 'attachments', maxSize: 10, validators: [allowTypes('text/plain')] })
  text!: UploadedFile | null
}

const on = onMongodb([Contract])
const contracts = () => on.database.dataSource.getMongoRepository(Contract)

const WAYS: [string, (text: UploadedFile) => Promise<unknown>][] = [
  ['save of a new document', (text) => contracts().save(contracts().create({ name: 'one', text }))],
  [
    'save of a document that is there',
    async (text) => {
      const row = await contracts().save(contracts().create({ name: 'one', text: textFile('old') }))
      return await contracts().save(Object.assign(row, { text }))
    },
  ],
  ['insertOne', (text) => contracts().insertOne({ name: 'one', text })],
  [
    'updateOne',
    async (text) => {
      await contracts().save(contracts().create({ name: 'one', text: textFile('old') }))
      return await contracts().updateOne({ name: 'one' }, { $set: { text } })
    },
  ],
]

describe.each(WAYS)('a stored value given by %s on MongoDB', (_, write) => {
  it('is moved to the storage of the column', async () => {
    const value = await on.database.depot.upload(textFile('kept'))

    await write(value)

    const { text } = await contracts().findOneByOrFail({ name: 'one' })
    expect(text).toMatchObject({ storage: 'attachments', size: 4 })
    expect(await textOf(text)).toBe('kept')
    expect(await on.database.depot.get('default').exists(value.id)).toBe(false)
  })

  it('is refused if it breaks the rules of the column, and stays usable', async () => {
    const { depot } = on.database
    const large = await depot.upload(textFile('more than ten bytes'))
    const image = await depot.upload(textFile('GIF89a', 'a.gif'))

    await expect(write(large)).rejects.toMatchObject({ code: 'FILE_TOO_LARGE' })
    await contracts().deleteMany({})
    await expect(write(image)).rejects.toMatchObject({ code: 'FILE_REFUSED' })

    expect(await depot.get('default').exists(large.id)).toBe(true)
    await depot.deleteFiles([large.path, image.path])
  })
})
