// Compiled and not run: what has to compile, and what must not.
import { UploadedFile } from '@filedepot/core'
import { filedepot } from '@filedepot/prisma'
import { Prisma, type PrismaClient } from '../../../prisma/generated/sqlite/client.ts'

declare const base: PrismaClient

class Portrait extends UploadedFile {
  readonly width: number = 1
}

const portrait = Portrait.from(Buffer.from(''))
const file = UploadedFile.from(Buffer.from(''))

const prisma = base.$extends(
  filedepot({
    models: {
      user: { avatar: Portrait, documents: [UploadedFile] },
      post: { cover: UploadedFile },
      letter: { scan: { type: UploadedFile, nullable: false } },
    },
  }),
)

export async function results(): Promise<unknown[]> {
  const user = await prisma.user.create({
    data: {
      name: 'Ada',
      avatar: portrait,
      documents: [file],
      posts: { create: [{ title: '', cover: file }] },
    },
    include: { posts: true },
  })
  const width: number | undefined = user.avatar?.width
  const documents: UploadedFile[] | null = user.documents
  const cover: UploadedFile | null | undefined = user.posts[0]?.cover
  const scan: UploadedFile = (await prisma.letter.findFirstOrThrow()).scan
  const selected = await prisma.user.findFirst({ select: { avatar: true } })
  const many = await prisma.user.createManyAndReturn({ data: [{ name: 'Bob', avatar: portrait }] })
  const within = await prisma.$transaction(async (transaction) => {
    const found = await transaction.post.findFirstOrThrow({ include: { author: true } })
    return await transaction.$transaction(() => Promise.resolve(found.author.avatar?.width))
  })
  const [users] = await prisma.$transaction([prisma.user.findMany()])
  const later = await prisma.$extends({ query: {} }).user.findFirstOrThrow()
  const earlier = base.$extends({ query: {} }).$extends(filedepot({ models: { user: { avatar: Portrait } } }))
  return [
    width,
    documents,
    cover,
    scan,
    selected?.avatar?.width,
    many[0]?.avatar?.width,
    within,
    users[0]?.avatar?.width,
    later.avatar?.width,
    (await earlier.user.findFirstOrThrow()).avatar?.width,
    // @ts-expect-error a file is no text
    user.avatar satisfies string | null,
    // @ts-expect-error it may be null
    user.avatar.width,
  ]
}

export async function arguments_(): Promise<void> {
  await prisma.user.create({ data: { name: '', avatar: Prisma.DbNull } })
  await prisma.user.updateMany({ data: { avatar: portrait } })
  await prisma.user.upsert({
    where: { name: '' },
    create: { name: '', avatar: portrait },
    update: { avatar: portrait },
  })
  // @ts-expect-error Prisma has its own nulls for Json
  await prisma.user.create({ data: { name: '', avatar: null } })
  // @ts-expect-error bytes are no uploaded file
  await prisma.user.create({ data: { name: '', avatar: new Uint8Array(1) } })
  // @ts-expect-error nor is a Blob
  await prisma.user.create({ data: { name: '', avatar: new Blob([]) } })
  // @ts-expect-error a file in a field that holds none
  await prisma.user.create({ data: { name: file } })
}

/** The types of rows, of arguments and of the client within a transaction, as programs write them. */
export async function derived(): Promise<unknown[]> {
  type Row = Prisma.Result<typeof prisma.user, { include: { posts: true } }, 'findFirstOrThrow'>
  type Data = Prisma.Args<typeof prisma.user, 'create'>['data']
  type Transaction = Parameters<Parameters<typeof prisma.$transaction>[0]>[0]
  const row: Row = await prisma.user.findFirstOrThrow({ include: { posts: true } })
  const data: Data = { name: '', avatar: portrait }
  const write = async (transaction: Transaction) => (await transaction.user.create({ data })).avatar?.width
  const computed = prisma.$extends({
    result: { user: { width: { needs: { avatar: true }, compute: ({ avatar }) => avatar?.width } } },
  })
  const width: number | undefined = (await computed.user.findFirstOrThrow({ select: { width: true } })).width
  return [row.avatar?.width, row.posts[0]?.cover?.url, await prisma.$transaction(write), width]
}

export function configuration(): void {
  // @ts-expect-error no such model
  base.$extends(filedepot({ models: { usr: { avatar: UploadedFile } } }))
  // @ts-expect-error no such field
  base.$extends(filedepot({ models: { user: { avatr: UploadedFile } } }))
  // @ts-expect-error not of type Json
  base.$extends(filedepot({ models: { user: { name: UploadedFile } } }))
  // @ts-expect-error no such option of a field
  base.$extends(filedepot({ models: { user: { avatar: { type: UploadedFile, maxsize: 3 } } } }))
  // @ts-expect-error of another type
  base.$extends(filedepot({ models: { user: { avatar: { type: UploadedFile, maxSize: '3' } } } }))
  // @ts-expect-error no such option
  base.$extends(filedepot({ models: { user: { avatar: UploadedFile } }, maxwait: 3 }))
  // @ts-expect-error Json? in the schema
  base.$extends(filedepot({ models: { user: { avatar: { type: UploadedFile, nullable: false } } } }))
  base.$extends(filedepot({ models: { letter: { scan: { type: UploadedFile, nullable: false } } } }))
  // @ts-expect-error no upload type
  base.$extends(filedepot({ models: { user: { avatar: Date } } }))
}
