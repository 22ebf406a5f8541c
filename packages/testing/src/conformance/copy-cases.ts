import { notEqual } from 'node:assert/strict'
import type { StoredFile } from '@filedepot/core'
import type { BackendCase } from './backend-case.ts'
import { expectSame, expectSameBytes, idsOf } from './expectations.ts'
import { chunksOf, HELLO, MIB, patternBytes, PNG } from './sample-content.ts'

const metadata = { author: 'Ada' }

/** Files that are stored from stored files. */
export const copyCases: readonly BackendCase[] = [
  {
    name: 'copies a file of its own under a new id, with the name and the type',
    async run({ storage }) {
      const id = await storage.create(PNG, { filename: 'me.png', metadata })
      const file = await storage.get(id)

      const copy = await storage.get(await storage.create(file))

      notEqual(copy.id, id, 'the copy has the id of the original')
      expectSame(described(copy), described(file), 'the copy')
      expectSameBytes(await copy.bytes(), PNG, 'the copy')
    },
  },
  {
    name: 'copies a large file of its own while it reads it',
    async run({ storage }) {
      const bytes = patternBytes(4 * MIB)
      const id = await storage.create(chunksOf(bytes))

      const copy = await storage.get(await storage.create(await storage.get(id)))

      expectSameBytes(await copy.bytes(), bytes, 'the copy')
    },
  },
  {
    name: 'copies a file to another storage under its id',
    async run({ storage, other }) {
      const file = await storage.get(await storage.create(PNG, { filename: 'me.png', metadata }))

      await other.replace(file, file)

      const copy = await other.get(file.id)
      expectSame(described(copy), described(file), 'the copy')
      expectSameBytes(await copy.bytes(), PNG, 'the copy')
    },
  },
  {
    name: 'takes a file from another storage under its id',
    async run({ storage, other }) {
      const file = await other.get(await other.create(PNG, { filename: 'me.png', metadata }))

      await storage.replace(file, file)

      const copy = await storage.get(file.id)
      expectSame(described(copy), described(file), 'the copy')
      expectSameBytes(await copy.bytes(), PNG, 'the copy')
    },
  },
  {
    name: 'leaves a file that is replaced by itself as it is',
    async run({ storage }) {
      const file = await storage.get(await storage.create(PNG, { filename: 'me.png', metadata }))

      await storage.replace(file, file)

      const now = await storage.get(file.id)
      expectSame(described(now), described(file), 'the file')
      expectSameBytes(await now.bytes(), PNG, 'the file')
    },
  },
  {
    name: 'is backed up by copying what it lists',
    async run({ storage, other }) {
      for (let n = 0; n < 10; n++) await storage.create(Buffer.concat([HELLO, Buffer.from([n])]))

      for await (const id of storage.list()) {
        const file = await storage.get(id)
        await other.replace(file, file)
      }

      expectSame(await idsOf(other.backend), await idsOf(storage.backend), 'the ids in the backup')
    },
  },
]

function described({ filename, contentType, size, metadata: { ...custom } }: StoredFile): unknown {
  return { filename, contentType, size, metadata: custom }
}
