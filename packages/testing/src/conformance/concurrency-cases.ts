import { equal, fail, ok } from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { buffer } from 'node:stream/consumers'
import type { StorageBackend } from '@filedepot/core'
import { newFileId, type FileInfo } from '@filedepot/core/backend'
import type { BackendCase } from './backend-case.ts'
import { expectOnly, expectSame, expectSameBytes, idsOf, readBytes, writeBytes } from './expectations.ts'
import { chunksOf, HELLO, infoOf, MIB, patternBytes, sha256Of, streamed } from './sample-content.ts'

/** Many at once. */
export const concurrencyCases: readonly BackendCase[] = [
  {
    name: 'stores 64 files at once, all of them and each its own',
    async run({ backend, storage, leftovers }) {
      const contents = Array.from({ length: 64 }, (_, n) => versionOf(n, n * 3_000))

      const ids = await Promise.all(
        contents.map((bytes, n) => storage.create(n % 2 === 0 ? bytes : chunksOf(bytes))),
      )

      expectSame(await idsOf(backend), [...new Set(ids)].sort(), 'the listed files')
      for (const [n, id] of ids.entries()) {
        expectSameBytes(await readBytes(backend, id), contents[n] ?? HELLO, `file ${n + 1} of 64`)
      }
      expectSame(await leftovers(), [], 'what was left behind')
    },
  },
  {
    name: 'leaves exactly one whole content of 16 that replace a file at once',
    async run(context) {
      const { backend, storage } = context
      const id = await storage.create(HELLO)
      const contents = Array.from({ length: 16 }, (_, n) => versionOf(n, n % 4 === 0 ? 2 * MIB : 5_000))

      await Promise.all(
        contents.map((bytes, n) => storage.replace(id, n % 2 === 0 ? chunksOf(bytes) : bytes)),
      )

      const now = await readBytes(backend, id)
      const winner = contents.find((bytes) => Buffer.compare(bytes, now) === 0)
      ok(winner, `the file is none of the 16 contents: it has ${now.byteLength} bytes`)
      const stat = await backend.stat(id)
      equal(
        stat?.sha256 ?? sha256Of(winner),
        sha256Of(winner),
        'the stat is of another content than the bytes',
      )
      await expectOnly(context, id, winner)
    },
  },
  {
    name: 'deletes files that several callers delete at once',
    async run({ backend, storage, leftovers }) {
      const ids = Array.from({ length: 20 }, () => newFileId())
      for (const id of ids) await writeBytes(backend, id, HELLO)

      const reports = await Promise.all(Array.from({ length: 6 }, () => storage.deleteMany(ids)))

      expectSame(reports, Array(6).fill({ failed: [] }), 'the reports')
      expectSame(await idsOf(backend), [], 'the listed files')
      expectSame(await leftovers(), [], 'what was left behind')
    },
  },
  {
    name: 'has a file whole or not at all when it is written and deleted at once',
    async run({ backend, leftovers }) {
      const bytes = patternBytes(100_000)

      await writeAndDeleteAtOnce(backend, bytes)

      for (const id of await idsOf(backend)) {
        expectSameBytes(await readBytes(backend, id), bytes, 'a file that was written and deleted')
      }
      expectSame(await leftovers(), [], 'what was left behind')
    },
  },
  {
    name: 'lists what it has after files were written and deleted at once',
    async run({ backend }) {
      const ids = await writeAndDeleteAtOnce(backend, patternBytes(100_000))

      const listed = await idsOf(backend)
      const unlike: string[] = []
      for (const id of ids) {
        if (((await backend.stat(id)) !== undefined) !== listed.includes(id)) unlike.push(id)
      }
      expectSame(unlike, [], 'files that are listed without a stat, or the reverse')
    },
  },
  {
    name: 'stores a file while its neighbours are deleted',
    async run({ backend, leftovers }) {
      for (let n = 0; n < 20; n++) {
        const id = randomUUID()
        // The same start: in one folder, if a backend makes folders of it.
        const neighbour = id.slice(0, 8) + randomUUID().slice(8)

        await Promise.all([
          writeBytes(backend, id, HELLO),
          ...Array.from({ length: 6 }, async (_, turns) => {
            for (let turn = 0; turn < turns; turn++) await setImmediate()
            await backend.delete([neighbour])
          }),
        ])

        expectSameBytes(await readBytes(backend, id), HELLO, 'a file whose neighbours were deleted')
      }
      expectSame(await leftovers(), [], 'what was left behind')
    },
  },
  {
    name: 'shows readers the old file or the new one, whole, while small files are replaced',
    run: ({ backend }) => replaceUnderReaders(backend, { replaces: 60, sizes: [3_000, 9_000], readers: 4 }),
  },
  {
    name: 'shows readers the old file or the new one, whole, while large files are replaced',
    run: ({ backend }) =>
      replaceUnderReaders(backend, { replaces: 10, sizes: [2 * MIB, 3 * MIB + 1], readers: 3 }),
  },
]

async function writeStream(
  backend: StorageBackend,
  id: string,
  bytes: Uint8Array,
  known?: Partial<FileInfo>,
): Promise<void> {
  const { body, info } = streamed(chunksOf(bytes), known)
  await backend.write(id, body, info, {})
}

/** A content whose every byte says which version it is of. */
function versionOf(version: number, size: number): Buffer {
  return Buffer.alloc(size + version, (version % 255) + 1)
}

async function replaceUnderReaders(
  backend: StorageBackend,
  { replaces, sizes, readers }: { replaces: number; sizes: readonly [number, number]; readers: number },
): Promise<void> {
  const id = newFileId()
  const contentOf = (version: number) => versionOf(version, sizes[version % 2 === 0 ? 0 : 1])
  const infoOfVersion = (version: number) => ({ contentType: `text/x-v${version}` })
  await backend.write(id, contentOf(0), infoOf(contentOf(0), infoOfVersion(0)), {})
  const writer = { done: false }
  let reads = 0

  const reading = Array.from({ length: readers }, async () => {
    while (!writer.done) {
      const bytes = await buffer(await backend.read(id))
      const version = (bytes[0] ?? 0) - 1
      const whole = version >= 0 && Buffer.compare(bytes, contentOf(version)) === 0
      if (!whole) fail(`a reader saw ${bytes.byteLength} bytes that are no whole version of the file`)
      const stat = await backend.stat(id)
      if (!stat) fail('a file that was being replaced had no stat for a moment')
      const versionOfStat = stat.size - sizes[0] <= replaces ? stat.size - sizes[0] : stat.size - sizes[1]
      equal(
        stat.contentType,
        `text/x-v${versionOfStat}`,
        'the size and the type in a stat are of two versions',
      )
      reads++
    }
  })

  const writing = (async () => {
    try {
      for (let version = 0; version <= replaces; version++) {
        const bytes = contentOf(version)
        const known = infoOfVersion(version)
        if (version % 3 === 0) await backend.write(id, bytes, infoOf(bytes, known), {})
        else await writeStream(backend, id, bytes, known)
      }
    } finally {
      writer.done = true
    }
  })()

  // Every reader is waited for, so that none goes on reading from a backend that is being destroyed.
  const outcomes = await Promise.allSettled([writing, ...reading])
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  ok(reads > 0, 'no reader came to its turn')
  expectSameBytes(await readBytes(backend, id), contentOf(replaces), 'the last version')
}

/** Writes each of twelve old files anew while it is deleted: the place of an old file may go just when the new one comes. */
async function writeAndDeleteAtOnce(backend: StorageBackend, bytes: Uint8Array): Promise<string[]> {
  const ids = Array.from({ length: 12 }, () => randomUUID())
  for (const id of ids) await writeBytes(backend, id, HELLO)
  await Promise.all(
    ids.flatMap((id) => [
      writeBytes(backend, id, bytes),
      backend.delete([id]),
      writeStream(backend, id, bytes),
      backend.delete([id]),
    ]),
  )
  return ids
}
