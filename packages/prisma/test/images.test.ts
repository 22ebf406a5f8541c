import { filedepot } from '@filedepot/prisma'
import { UploadedImage } from '@filedepot/image'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { textFile } from '../../../test/support/contents.ts'
import { rolledBack } from './support/rolled-back.ts'
import { TestDatabase, type TestClient } from './support/test-database.ts'

/** 16 by 16 pixels in one colour. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAGUlEQVQokWM4Y2xMEmIY1WA8GkpnhmvSAABHizIQeUoJ2gAAAABJRU5ErkJggg==',
  'base64',
)

const Avatar = UploadedImage.with({ thumbnails: { small: { width: 8, height: 8 } } })

let database: TestDatabase

beforeEach(async () => {
  database = await TestDatabase.open()
})

afterEach(() => database.endTest())

function client() {
  return database.base.$extends(
    filedepot({
      depot: database.depot,
      models: { user: { avatar: Avatar }, document: { content: UploadedImage } },
    }),
  )
}

const picture = () => Avatar.from(PNG, { filename: 'me.png' })

describe('an image in a field', () => {
  it('is stored with its thumbnail, and read with its size', async () => {
    await client().user.create({ data: { name: 'Ada', avatar: picture() } })

    const { avatar } = await client().user.findFirstOrThrow()

    expect(avatar).toBeInstanceOf(Avatar)
    expect([avatar?.width, avatar?.height]).toEqual([16, 16])
    expect(avatar?.thumbnails.small).toMatchObject({ width: 8, height: 8 })
    expect(await database.pathsOfFiles()).toEqual([...avatar!.files].sort())
    expect(avatar?.files).toHaveLength(2)
  })

  it('goes with its thumbnail where it is replaced, and where its row is deleted', async () => {
    const { id, avatar: old } = await client().user.create({ data: { name: 'Ada', avatar: picture() } })

    const { avatar } = await client().user.update({ where: { id }, data: { avatar: picture() } })
    expect(await database.pathsOfFiles()).toEqual([...avatar!.files].sort())
    expect(avatar?.path).not.toBe(old?.path)
    await client().user.delete({ where: { id } })

    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('leaves nothing where it is rolled back', async () => {
    await rolledBack(client() as unknown as TestClient, (tx) =>
      tx.user.create({ data: { name: 'Ada', avatar: picture() } }),
    )

    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('of what is none is refused, and no row is written', async () => {
    const avatar = Avatar.from(Buffer.from('no image'), { filename: 'me.png' })

    const creating = client().user.create({ data: { name: 'Ada', avatar } })

    await expect(creating).rejects.toMatchObject({ code: 'NOT_AN_IMAGE' })
    expect(await client().user.count()).toBe(0)
  })

  it('is refused where it is a file and no image', async () => {
    const avatar = textFile('plain') as unknown as InstanceType<typeof Avatar>

    await expect(client().user.create({ data: { name: 'Ada', avatar } })).rejects.toMatchObject({
      code: 'WRONG_UPLOAD_TYPE',
    })
  })

  it('is copied with its thumbnail where it is given to another row', async () => {
    const { avatar } = await client().user.create({ data: { name: 'Ada', avatar: picture() } })
    const second = await client().user.create({ data: { name: 'Bob', avatar: avatar! } })

    await client().user.delete({ where: { name: 'Ada' } })

    expect(await database.pathsOfFiles()).toEqual([...second.avatar!.files].sort())
    expect((await second.avatar!.thumbnails.small.bytes()).length).toBeGreaterThan(0)
  })

  it('leaves nothing where its thumbnail cannot be stored', async () => {
    database.chaos.fail('write', { on: 2 })

    await expect(client().user.create({ data: { name: 'Ada', avatar: picture() } })).rejects.toMatchObject({
      code: 'WRITE_FAILED',
    })

    expect(await client().user.count()).toBe(0)
    expect(await database.pathsOfFiles()).toEqual([])
  })
})
