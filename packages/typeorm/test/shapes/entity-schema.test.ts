import 'reflect-metadata'
import { UploadedFile } from '@filedepot/core'
import { uploadedFileColumn } from '@filedepot/typeorm'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { EntitySchema, type DeepPartial, type Repository } from 'typeorm'
import { brokenFile, textFile, textOf, textsOf } from '../support/contents.ts'
import { rolledBack } from '../support/rolled-back.ts'
import { TestDatabase } from '../support/test-database.ts'

class Print extends UploadedFile {}

interface Frame {
  scan: UploadedFile | null
}

interface PosterRow {
  id: number
  title: string
  image: Print | null
  proofs: UploadedFile[] | null
  frame: Frame
  hanger?: HangerRow | null
}

interface HangerRow {
  id: number
  drawing: UploadedFile | null
}

const FrameSchema = new EntitySchema<Frame>({ name: 'frame', columns: { scan: uploadedFileColumn() } })

const Hanger = new EntitySchema<HangerRow>({
  name: 'hanger',
  columns: { id: { type: Number, primary: true, generated: true }, drawing: uploadedFileColumn() },
})

/** Has no class: TypeORM knows it by its name. */
const Poster = new EntitySchema<PosterRow>({
  name: 'poster',
  columns: {
    id: { type: Number, primary: true, generated: true },
    title: { type: 'varchar', length: 40, default: '' },
    image: uploadedFileColumn({ type: Print, name: 'img' }),
    proofs: uploadedFileColumn({ array: true }),
  },
  embeddeds: { frame: { schema: FrameSchema, prefix: 'frame_' } },
  relations: { hanger: { type: 'one-to-one', target: 'hanger', joinColumn: true, cascade: true } },
})

let database: TestDatabase
let posters: Repository<PosterRow>

beforeEach(async () => {
  database = await TestDatabase.open([Poster, Hanger])
  posters = database.dataSource.getRepository<PosterRow>('poster')
})

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

describe('an EntitySchema without a class', () => {
  it('has file columns, loaded as the upload type that the schema names', async () => {
    const { id } = await posters.save({
      image: Print.from(Buffer.from('poster')),
      proofs: [textFile('1'), textFile('2')],
      frame: { scan: textFile('frame') },
    })

    const { image, proofs, frame } = await posters.findOneByOrFail({ id })

    expect(image).toBeInstanceOf(Print)
    expect(await textsOf([image, ...(proofs ?? []), frame.scan])).toEqual(['poster', '1', '2', 'frame'])
  })

  it('gives up what is replaced, by entities and by criteria', async () => {
    const { id } = await posters.save({ image: Print.from(Buffer.from('first')) })

    await posters.save({ id, image: Print.from(Buffer.from('second')) })
    await posters.update(id, { proofs: [textFile('proof')] })
    await posters.update(id, { image: Print.from(Buffer.from('third')) })

    expect(await textOf((await posters.findOneByOrFail({ id })).image)).toBe('third')
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('is found by its name in every call of a manager', async () => {
    const { manager } = database.dataSource
    const { id } = await manager.save<PosterRow, DeepPartial<PosterRow>>('poster', {
      image: Print.from(Buffer.from('kept')),
    })
    await manager.insert('poster', { title: 'gone', image: Print.from(Buffer.from('gone')) })
    await manager.insert('poster', { title: 'gone too', image: Print.from(Buffer.from('gone too')) })

    await manager.delete('poster', { title: 'gone' })
    await manager.remove('poster', await posters.findOneByOrFail({ title: 'gone too' }))

    const [row] = await manager.find<PosterRow>('poster')
    expect(row?.id).toBe(id)
    expect(await textOf(row?.image)).toBe('kept')
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('cascades to another', async () => {
    const { id } = await posters.save({ hanger: { drawing: textFile('drawing') } })
    const poster = await posters.findOneOrFail({ where: { id }, relations: { hanger: true } })

    poster.hanger!.drawing = textFile('new drawing')
    await posters.save(poster)

    const [hanger] = await database.dataSource.manager.find<HangerRow>('hanger')
    expect(await textOf(hanger?.drawing)).toBe('new drawing')
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('gets pending values back after a rollback', async () => {
    const pending = Print.from(Buffer.from('again'))
    const poster = posters.create({ image: pending })

    await rolledBack(database.dataSource, (manager) => manager.save('poster', poster))

    expect(poster.image).toBe(pending)
    expect(await database.pathsOfFiles()).toEqual([])
    await posters.save(poster)
    expect(await textOf((await posters.findOneByOrFail({ id: poster.id })).image)).toBe('again')
  })

  it('is named by an error', async () => {
    await expect(posters.save({ frame: { scan: brokenFile() } })).rejects.toThrow('poster.frame.scan: ')
    await expect(posters.save({ image: textFile('plain') })).rejects.toMatchObject({
      code: 'WRONG_UPLOAD_TYPE',
    })
    expect(await posters.count()).toBe(0)
  })
})
