import { describe, expect, it } from '@jest/globals'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { bytesOf, streamOf } from './support/bytes.ts'
import { onServer, type OpenStorage } from './support/on-server.ts'
import { chunkCount, idsOf, orphans } from './support/stored.ts'

const on = onServer()
const BYTES = bytesOf(5_000_000)
const HELLO = Buffer.from('hello, world')

describe('an abort while the server does not answer', () => {
  const SILENT_MS = 3500
  const PROMPT_MS = 3000

  /** Makes the server silent to a command and aborts when that has been sent; resolves when the server has run it. */
  async function abortedAt(
    [command, skip]: readonly [string, number],
    { commands }: OpenStorage,
    action: (signal: AbortSignal) => Promise<unknown>,
  ): Promise<void> {
    const silent = { failCommands: [command], blockConnection: true, blockTimeMS: SILENT_MS }
    on.server.fail(silent, { skip, times: 1 })
    commands.length = 0
    const controller = new AbortController()
    const acting = action(controller.signal)
    acting.catch(() => undefined)
    while (commands.filter((name) => name === command).length <= skip) await sleep(5)
    const abortedAt = performance.now()
    controller.abort()

    await expect(acting).rejects.toMatchObject({ code: 'ABORTED' })
    const took = performance.now() - abortedAt
    expect(took).toBeLessThan(PROMPT_MS)
    if (command !== 'find') await sleep(SILENT_MS + 500 - took)
  }

  it.each<[string, string, number]>([
    ['to the index', 'createIndexes', 0],
    ['to the first chunks', 'insert', 0],
    ['to later chunks', 'insert', 1],
    ['where the file comes to exist', 'findAndModify', 0],
  ])('%s ends the upload, and takes back what it does later', async (_, command, skip) => {
    const storage = on.open()
    const { files, backend, db } = storage

    await abortedAt([command, skip], storage, (signal) => files.create(streamOf(BYTES), { signal }))

    expect(await idsOf(backend)).toEqual([])
    expect(await chunkCount(db)).toBe(0)
  })

  it('where a file is replaced leaves the old one', async () => {
    const storage = on.open()
    const { files, db } = storage
    const id = await files.create(HELLO, { metadata: { author: 'Ada' } })

    await abortedAt(['findAndModify', 0], storage, (signal) =>
      files.replace(id, streamOf(BYTES), { signal, filename: 'new.bin' }),
    )

    const file = await files.get(id)
    const now = [file.filename, file.metadata, await file.text()]
    expect(now).toEqual(['unnamed', { author: 'Ada' }, 'hello, world'])
    expect(await orphans(db)).toEqual([])
    expect(await chunkCount(db)).toBe(1)
  })

  it.each([
    ['the question for the file', 0],
    ['the question for its first bytes', 1],
    ['the question for more bytes', 2],
  ] as const)('to %s ends the reading', async (_, skip) => {
    const storage = on.open()
    const { files } = storage
    const id = await files.create(BYTES)

    await abortedAt(['find', skip], storage, async (signal) => {
      const stream = await files.read(id, undefined, { signal })
      await buffer(stream).catch((error: unknown) => {
        throw files.wrapError('read', id, error, signal)
      })
    })
  })
})
