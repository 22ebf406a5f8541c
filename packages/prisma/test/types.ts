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
      post: { cover: { type: UploadedFile, nullable: false } },
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
  const cover: UploadedFile | undefined = user.posts[0]?.cover
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

export function configuration(): void {
  // @ts-expect-error no such model
  base.$extends(filedepot({ models: { usr: { avatar: UploadedFile } } }))
  // @ts-expect-error no such field
  base.$extends(filedepot({ models: { user: { avatr: UploadedFile } } }))
  // @ts-expect-error not of type Json
  base.$extends(filedepot({ models: { user: { name: UploadedFile } } }))
  // @ts-expect-error no upload type
  base.$extends(filedepot({ models: { user: { avatar: Date } } }))
}
