import { createReadStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { FileIntent, fromPath, type FileContent } from '@filedepot/core'
import type { BackendCase } from './backend-case.ts'
import { expectCode, expectEmpty, expectOnly, expectSame, expectSameBytes } from './expectations.ts'
import { HELLO, PNG } from './sample-content.ts'

/** All that can be stored, and what is refused. */
export const contentCases: readonly BackendCase[] = [
  ...Object.entries<() => FileContent>({
    bytes: () => HELLO,
    'an ArrayBuffer': () => new Uint8Array(HELLO).buffer,
    'a Blob': () => new Blob([HELLO]),
    'a stream of Node': () => Readable.from([HELLO.subarray(0, 5), HELLO.subarray(5)]),
    'a web stream': () => new Blob([HELLO]).stream(),
    'a part of multer': () => ({ originalname: 'a.txt', mimetype: 'text/plain', buffer: HELLO }),
    'a part of @fastify/multipart': () => ({ filename: 'a.txt', file: Readable.from([HELLO]) }),
    'a FileIntent': () => new FileIntent(HELLO, { filename: 'a.txt' }),
  }).map(([what, content]): BackendCase => ({
    name: `stores ${what}`,
    async run(context) {
      const id = await context.storage.create(content())

      await expectOnly(context, id, HELLO)
    },
  })),
  {
    name: 'keeps name, type and bytes of a form part',
    async run({ storage }) {
      const id = await storage.create({ originalname: 'me.png', mimetype: 'image/png', buffer: PNG })

      const file = await storage.get(id)
      expectSame([file.filename, file.contentType], ['me.png', 'image/png'], 'the name and the type')
      expectSameBytes(await file.bytes(), PNG, 'the stored part')
    },
  },
  {
    name: 'stores a file of this machine under its own name',
    async run({ storage }) {
      const folder = await mkdtemp(join(tmpdir(), 'filedepot-'))
      try {
        const path = join(folder, 'report')
        await writeFile(path, HELLO)

        const ids = [await storage.create(createReadStream(path)), await storage.create(fromPath(path))]

        for (const id of ids) {
          const file = await storage.get(id)
          expectSame(
            [file.filename, file.contentType],
            [basename(path), 'text/plain'],
            'the name and the type',
          )
          expectSameBytes(await file.bytes(), HELLO, 'the stored file')
        }
      } finally {
        await rm(folder, { recursive: true })
      }
    },
  },
  {
    name: 'refuses to store text, and stores nothing of it',
    async run(context) {
      const text = 'hello' as unknown as Uint8Array

      await expectCode('INVALID_CONTENT', context.storage.create(text), 'creating a file from text')

      await expectEmpty(context)
    },
  },
  {
    name: 'refuses to replace a file by text, and leaves it as it was',
    async run(context) {
      const id = await context.storage.create(HELLO)
      const text = 'goodbye' as unknown as Uint8Array

      await expectCode('INVALID_CONTENT', context.storage.replace(id, text), 'replacing a file by text')

      await expectOnly(context, id, HELLO)
    },
  },
]
