import { skip } from '@prisma/client/runtime/client'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { brokenFile, textFile, textOf, textsOf } from '../../../../test/support/contents.ts'
import { Prisma } from '../support/generated-client.ts'
import { rolledBack } from '../support/rolled-back.ts'
import { TestDatabase, type TestClient } from '../support/test-database.ts'

let database: TestDatabase
let prisma: TestClient

beforeEach(async () => {
  database = await TestDatabase.open()
  prisma = database.prisma
})

afterEach(() => database.endTest())

const photo = (text: string) => ({ title: text, image: textFile(text) })

/** What the images of all photos say, by their titles. */
async function texts(): Promise<(string | undefined)[]> {
  const rows = await prisma.photo.findMany({ orderBy: { title: 'asc' } })
  return await textsOf(rows.map(({ image }) => image))
}

async function albumWith(...titles: string[]): Promise<number> {
  const { id } = await prisma.album.create({
    data: { cover: textFile('cover'), photos: { create: titles.map(photo) } },
  })
  return id
}

async function files(): Promise<number> {
  return (await database.pathsOfFiles()).length
}

describe('a nested create', () => {
  it('uploads the files of all levels, which the result has', async () => {
    const album = await prisma.album.create({
      data: {
        cover: textFile('cover'),
        photos: {
          create: [{ ...photo('a'), comments: { create: { drawing: textFile('a1') } } }, photo('b')],
        },
      },
      include: { photos: { include: { comments: true }, orderBy: { title: 'asc' } } },
    })

    const [a, b] = album.photos
    expect(await textsOf([album.cover, a?.image, a?.comments[0]?.drawing, b?.image])).toEqual([
      'cover',
      'a',
      'a1',
      'b',
    ])
    expect(await files()).toBe(4)
  })

  it('of one row, from the other side of the relation, and by createMany does the same', async () => {
    const album = await prisma.album.create({ data: { photos: { create: photo('a') } } })
    await prisma.photo.create({ data: { ...photo('b'), album: { create: { cover: textFile('cover') } } } })
    await prisma.album.update({
      where: { id: album.id },
      data: { photos: { createMany: { data: [photo('c'), photo('d')] } } },
    })
    await prisma.album.update({ where: { id: album.id }, data: { photos: { create: photo('e') } } })

    expect(await texts()).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(await files()).toBe(6)
  })

  it('in a field of its parent’s own keeps the file of the parent', async () => {
    const id = await albumWith('a')

    await prisma.album.update({ where: { id }, data: { title: 'new', photos: { create: photo('b') } } })

    expect(await textOf((await prisma.album.findUniqueOrThrow({ where: { id } })).cover)).toBe('cover')
  })

  it('of which one upload fails writes nothing', async () => {
    const creating = prisma.album.create({
      data: { cover: textFile('cover'), photos: { create: [photo('a'), { image: brokenFile() }] } },
    })

    await expect(creating).rejects.toMatchObject({ code: 'CONTENT_FAILED' })
    expect(await prisma.album.count()).toBe(0)
    expect(await files()).toBe(0)
  })

  it('that the database refuses leaves no file of any level', async () => {
    await prisma.tag.create({ data: { name: 'taken' } })

    const creating = prisma.user.create({
      data: {
        name: 'Ada',
        avatar: textFile('avatar'),
        posts: {
          create: {
            title: 'a',
            cover: textFile('cover'),
            tags: { create: { name: 'taken', icon: textFile('icon') } },
          },
        },
      },
    })

    await expect(creating).rejects.toMatchObject({ code: 'P2002' })
    expect(await prisma.user.count()).toBe(0)
    expect(await files()).toBe(0)
  })
})

describe('a nested update', () => {
  it('replaces the file of its row, which goes', async () => {
    const id = await albumWith('a', 'b')
    const { id: a } = await prisma.photo.findFirstOrThrow({ where: { title: 'a' } })

    await prisma.album.update({
      where: { id },
      data: {
        cover: textFile('new cover'),
        photos: { update: { where: { id: a }, data: { image: textFile('new a') } } },
      },
    })

    expect(await texts()).toEqual(['new a', 'b'])
    expect(await files()).toBe(3)
  })

  it('of a list of rows replaces the file of each', async () => {
    const id = await albumWith('a', 'b')
    const photos = await prisma.photo.findMany()

    await prisma.album.update({
      where: { id },
      data: {
        photos: {
          update: photos.map(({ id, title }) => ({
            where: { id },
            data: { image: textFile(`new ${title}`) },
          })),
        },
      },
    })

    expect(await texts()).toEqual(['new a', 'new b'])
    expect(await files()).toBe(3)
  })

  it('of a to-one relation, with and without where, replaces its file', async () => {
    const { id } = await prisma.user.create({
      data: { name: 'Ada', profile: { create: { photo: textFile('first') } } },
    })
    const text = async () => textOf((await prisma.profile.findFirstOrThrow()).photo)

    await prisma.user.update({
      where: { id },
      data: { profile: { update: { photo: textFile('second') } } },
    })
    expect(await text()).toBe('second')
    await prisma.user.update({
      where: { id },
      data: { profile: { update: { where: { bio: '' }, data: { photo: textFile('third') } } } },
    })

    expect(await text()).toBe('third')
    expect(await files()).toBe(1)
  })

  it('of a to-one relation whose model has a field data, in all forms that Prisma takes', async () => {
    const { id } = await prisma.user.create({
      data: { name: 'Ada', profile: { create: { photo: textFile('first') } } },
    })
    const held = async () => {
      const { data, photo } = await prisma.profile.findFirstOrThrow()
      return [data, await textOf(photo), await files()]
    }
    const update = (values: object) =>
      prisma.user.update({ where: { id }, data: { profile: { update: values } } })

    await update({ data: { photo: textFile('wrapped') } })
    expect(await held()).toEqual(['', 'wrapped', 1])
    await update({ data: { data: 'a', photo: textFile('wrapped with data') } })
    expect(await held()).toEqual(['a', 'wrapped with data', 1])
    await update({ data: { photo: textFile('beside undefined') }, bio: undefined })
    expect(await held()).toEqual(['a', 'beside undefined', 1])
    await update({ data: { photo: textFile('beside skip') }, bio: skip })
    expect(await held()).toEqual(['a', 'beside skip', 1])
    await update({ data: 'b', photo: textFile('bare') })
    expect(await held()).toEqual(['b', 'bare', 1])
    await update({ data: { set: 'c' }, photo: textFile('bare, by set') })
    expect(await held()).toEqual(['c', 'bare, by set', 1])
    await update({ data: { set: 'd' } })
    expect(await held()).toEqual(['d', 'bare, by set', 1])
  })

  it('of the parent of a row replaces the file of the parent', async () => {
    await albumWith('a')
    const { id } = await prisma.photo.findFirstOrThrow()

    await prisma.photo.update({
      where: { id },
      data: { image: textFile('new a'), album: { update: { cover: textFile('new cover') } } },
    })

    expect(await textOf((await prisma.album.findFirstOrThrow()).cover)).toBe('new cover')
    expect(await texts()).toEqual(['new a'])
    expect(await files()).toBe(2)
  })

  it('on the third level replaces the file there', async () => {
    const { id, photos } = await prisma.album.create({
      data: {
        photos: { create: { ...photo('a'), comments: { create: { drawing: textFile('old') } } } },
      },
      include: { photos: { include: { comments: true } } },
    })
    const [one] = photos

    await prisma.album.update({
      where: { id },
      data: {
        photos: {
          update: {
            where: { id: one!.id },
            data: {
              comments: {
                update: { where: { id: one!.comments[0]!.id }, data: { drawing: textFile('new') } },
              },
            },
          },
        },
      },
    })

    expect(await textOf((await prisma.comment.findFirstOrThrow()).drawing)).toBe('new')
    expect(await files()).toBe(2)
  })

  it('by updateMany takes files away, and gives one to one row only', async () => {
    const id = await albumWith('a', 'b', 'c')

    await prisma.album.update({
      where: { id },
      data: { photos: { updateMany: { where: { title: 'a' }, data: { image: textFile('new a') } } } },
    })
    await prisma.album.update({
      where: { id },
      data: { photos: { updateMany: { where: { title: 'b' }, data: { image: Prisma.DbNull } } } },
    })
    const sharing = prisma.album.update({
      where: { id },
      data: { photos: { updateMany: { where: {}, data: { image: textFile('shared') } } } },
    })

    await expect(sharing).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
    expect(await texts()).toEqual(['new a', undefined, 'c'])
    expect(await files()).toBe(3)
  })

  it('by updateMany leaves rows of other parents alone', async () => {
    const id = await albumWith('a')
    await albumWith('b')

    await prisma.album.update({
      where: { id },
      data: { photos: { updateMany: { where: {}, data: { image: Prisma.DbNull } } } },
    })

    expect(await texts()).toEqual([undefined, 'b'])
    expect(await files()).toBe(3)
  })

  it('of a row that is not there fails, and keeps everything', async () => {
    const id = await albumWith('a')

    const updating = prisma.album.update({
      where: { id },
      data: {
        cover: textFile('new cover'),
        photos: { update: { where: { id: -1 }, data: { image: textFile('for nobody') } } },
      },
    })

    await expect(updating).rejects.toMatchObject({ code: 'P2025' })
    expect(await textOf((await prisma.album.findFirstOrThrow()).cover)).toBe('cover')
    expect(await files()).toBe(2)
  })
})

describe('a nested upsert', () => {
  it('creates or updates, and keeps the file of the one only', async () => {
    const { id } = await prisma.user.create({ data: { name: 'Ada' } })
    const upsert = () =>
      prisma.user.update({
        where: { id },
        data: {
          profile: {
            upsert: { create: { photo: textFile('created') }, update: { photo: textFile('updated') } },
          },
        },
        include: { profile: true },
      })

    expect(await textOf((await upsert()).profile?.photo)).toBe('created')
    expect(await files()).toBe(1)
    expect(await textOf((await upsert()).profile?.photo)).toBe('updated')
    expect(await files()).toBe(1)
  })

  it('of one of many does the same', async () => {
    const id = await albumWith('a')
    const { id: a } = await prisma.photo.findFirstOrThrow()
    const upsert = (where: { id: number }) =>
      prisma.album.update({
        where: { id },
        data: {
          photos: { upsert: { where, create: photo('created'), update: { image: textFile('updated') } } },
        },
      })

    await upsert({ id: a })
    await upsert({ id: -1 })

    expect(await texts()).toEqual(['updated', 'created'])
    expect(await files()).toBe(3)
  })
})

describe('a nested connectOrCreate', () => {
  it('uploads for the row that it creates, and keeps no file where it connects', async () => {
    const post = (name: string, text: string) =>
      prisma.user.create({
        data: {
          name,
          posts: {
            create: {
              title: text,
              tags: {
                connectOrCreate: { where: { name: 'tag' }, create: { name: 'tag', icon: textFile(text) } },
              },
            },
          },
        },
      })

    await post('Ada', 'first')
    await post('Bob', 'second')

    expect(await textsOf((await prisma.tag.findMany()).map(({ icon }) => icon))).toEqual(['first'])
    expect(await files()).toBe(1)
  })
})

describe('two connectOrCreate of one new row', () => {
  const tag = (name: string, text: string) => ({
    connectOrCreate: { where: { name }, create: { name, icon: textFile(text) } },
  })
  const userWith = (...tags: object[]) => ({
    data: {
      name: 'Ada',
      posts: {
        create: tags.map((one, index) => ({ title: `${index}`, cover: textFile('cover'), tags: one })),
      },
    },
    include: { posts: { include: { tags: true } } },
  })

  it('in one write create it and connect it', async () => {
    const user = await prisma.user.create(
      userWith(tag('new', 'first'), tag('new', 'second'), tag('other', 'x')),
    )

    expect(user.posts.map(({ tags }) => tags.map(({ name }) => name))).toEqual([['new'], ['new'], ['other']])
    const tags = await prisma.tag.findMany({ orderBy: { name: 'asc' } })
    expect(await textsOf(tags.map(({ icon }) => icon))).toEqual(['first', 'x'])
    expect(await files()).toBe(5)
  })

  it('in a transaction do the same, and are undone with it', async () => {
    await rolledBack(prisma, async (tx) => {
      await tx.user.create(userWith(tag('new', 'first'), tag('new', 'second')))
      expect(await tx.tag.count()).toBe(1)
    })
    expect(await files()).toBe(0)

    await prisma.$transaction((tx) => tx.user.create(userWith(tag('new', 'first'), tag('new', 'second'))))

    expect(await textsOf((await prisma.tag.findMany()).map(({ icon }) => icon))).toEqual(['first'])
    expect(await files()).toBe(3)
  })

  it('of which one is there keep its file', async () => {
    await prisma.tag.create({ data: { name: 'old', icon: textFile('old') } })

    await prisma.user.create(userWith(tag('old', 'new'), tag('new', 'created')))

    const tags = await prisma.tag.findMany({ orderBy: { name: 'desc' } })
    expect(await textsOf(tags.map(({ icon }) => icon))).toEqual(['old', 'created'])
    expect(await files()).toBe(4)
  })

  it('that create a row with another name than they look for keep its file', async () => {
    const renamed = { connectOrCreate: { where: { name: 'a' }, create: { name: 'b', icon: textFile('b') } } }

    await prisma.user.create(userWith(renamed, tag('a', 'a')))

    const tags = await prisma.tag.findMany({ orderBy: { name: 'asc' } })
    expect(await textsOf(tags.map(({ icon }) => icon))).toEqual(['a', 'b'])
    expect(await files()).toBe(4)
  })
})

describe('a nested delete', () => {
  it('deletes the file of its row, and of those that go with it', async () => {
    const id = await albumWith('a', 'b')
    const { id: a } = await prisma.photo.findFirstOrThrow({ where: { title: 'a' } })
    await prisma.comment.create({ data: { photoId: a, drawing: textFile('drawing') } })

    await prisma.album.update({ where: { id }, data: { photos: { delete: { id: a } } } })

    expect(await texts()).toEqual(['b'])
    expect(await files()).toBe(2)
  })

  it('of a list, by deleteMany and of all does the same', async () => {
    const id = await albumWith('a', 'b', 'c', 'd', 'e')
    const [a, b] = await prisma.photo.findMany({ orderBy: { title: 'asc' } })

    await prisma.album.update({
      where: { id },
      data: { photos: { delete: [{ id: a!.id }, { id: b!.id }] } },
    })
    expect(await texts()).toEqual(['c', 'd', 'e'])
    await prisma.album.update({
      where: { id },
      data: { photos: { deleteMany: [{ title: 'c' }, { title: 'nobody' }] } },
    })
    expect(await texts()).toEqual(['d', 'e'])
    await prisma.album.update({ where: { id }, data: { photos: { deleteMany: {} } } })

    expect(await files()).toBe(1)
  })

  it('of a to-one relation deletes its file', async () => {
    const { id } = await prisma.user.create({
      data: { name: 'Ada', profile: { create: { photo: textFile('gone') } } },
    })

    await prisma.user.update({ where: { id }, data: { profile: { delete: true } } })

    expect(await files()).toBe(0)
  })

  it('by deleteMany leaves rows of other parents alone', async () => {
    const id = await albumWith('a')
    await albumWith('b')

    await prisma.album.update({ where: { id }, data: { photos: { deleteMany: {} } } })

    expect(await texts()).toEqual(['b'])
  })

  it('and a create in its place, in one write', async () => {
    const id = await albumWith('a', 'b')

    await prisma.album.update({
      where: { id },
      data: { cover: textFile('new cover'), photos: { deleteMany: {}, create: [photo('c')] } },
    })

    expect(await texts()).toEqual(['c'])
    expect(await files()).toBe(2)
  })

  it('that is rolled back keeps all files', async () => {
    const id = await albumWith('a', 'b')

    await rolledBack(prisma, (tx) =>
      tx.album.update({ where: { id }, data: { photos: { deleteMany: {}, create: photo('c') } } }),
    )

    expect(await texts()).toEqual(['a', 'b'])
    expect(await files()).toBe(3)
  })
})

describe('connect, disconnect and set', () => {
  it('keep all files', async () => {
    const user = await prisma.user.create({
      data: {
        name: 'Ada',
        posts: {
          create: {
            title: 'a',
            cover: textFile('cover'),
            tags: { create: ['x', 'y'].map((name) => ({ name, icon: textFile(name) })) },
          },
        },
      },
      include: { posts: true },
    })
    const { id } = user.posts[0]!

    await prisma.post.update({ where: { id }, data: { tags: { disconnect: { name: 'x' } } } })
    await prisma.post.update({ where: { id }, data: { tags: { connect: { name: 'x' } } } })
    await prisma.post.update({ where: { id }, data: { tags: { set: [] } } })

    expect(await prisma.tag.count({ where: { posts: { some: {} } } })).toBe(0)
    expect(await textsOf((await prisma.tag.findMany()).map(({ icon }) => icon))).toEqual(['x', 'y'])
    expect(await files()).toBe(3)
  })

  it('keep the files of rows that leave for another parent', async () => {
    const [one, two] = [await albumWith('a'), await albumWith()]
    const { id } = await prisma.photo.findFirstOrThrow()

    await prisma.album.update({ where: { id: two }, data: { photos: { connect: { id } } } })
    await prisma.album.delete({ where: { id: one } })

    expect(await texts()).toEqual(['a'])
    expect(await files()).toBe(2)
  })
})

describe('both sides of a many-to-many relation', () => {
  it('have their files replaced and deleted by nested writes', async () => {
    const { posts } = await prisma.user.create({
      data: {
        name: 'Ada',
        posts: {
          create: {
            title: 'a',
            tags: { create: ['x', 'y'].map((name) => ({ name, icon: textFile(name) })) },
          },
        },
      },
      include: { posts: true },
    })
    const { id } = posts[0]!

    await prisma.post.update({
      where: { id },
      data: {
        tags: { update: { where: { name: 'x' }, data: { icon: textFile('new x') } }, delete: { name: 'y' } },
      },
    })
    await prisma.tag.update({
      where: { name: 'x' },
      data: { posts: { update: { where: { id }, data: { cover: textFile('cover') } } } },
    })

    expect(await textOf((await prisma.tag.findFirstOrThrow()).icon)).toBe('new x')
    expect(await files()).toBe(2)
    await prisma.tag.update({ where: { name: 'x' }, data: { posts: { deleteMany: {} } } })
    expect(await files()).toBe(1)
  })
})

describe('a write of a model without files', () => {
  it('with nested files has them followed', async () => {
    const { uid } = await prisma.directory.create({
      data: { files: { create: { name: 'a', content: textFile('a') } } },
    })
    await prisma.directory.update({
      where: { uid },
      data: { files: { update: { where: { name: 'a' }, data: { content: textFile('b') } } } },
    })

    expect(await files()).toBe(1)
    await prisma.directory.delete({ where: { uid } })
    expect(await files()).toBe(0)
  })
})
