import { DeleteObjectsCommand, S3Client } from '@aws-sdk/client-s3'
import { FileStorage } from '@filedepot/core'
import { newFileId } from '@filedepot/core/backend'
import { openBackend, s3Options } from '../backends.mjs'
import { compare, MIB } from '../harness.mjs'
import { compared, makeRow } from '../report.mjs'
import { memoryRow, requestRows, withServer } from '../storage-rows.mjs'

const SERVER = new URL('../children/s3-null-server.mjs', import.meta.url)
const KEYS = 100_000
const DELETIONS = 10_000

/** S3, against a server in a process of its own that keeps nothing. */
export function s3({ quick }) {
  return withServer(SERVER, [KEYS], async (port) => {
    const endpoint = `http://127.0.0.1:${port}`
    return [
      await storing(endpoint, quick ? 256 : 2048),
      await memoryRow(['s3', endpoint, 'list', KEYS], {
        name: `s3 list, ${KEYS} keys, growth of memory`,
        goal: { atMost: 96 },
      }),
      ...(await requests(endpoint)),
      await timeOfDeletions(endpoint, quick ? 3 : 60),
    ]
  })
}

async function storing(endpoint, mebibytes) {
  await counted(endpoint)
  const row = await memoryRow(['s3', endpoint, 'store', mebibytes], {
    name: `s3 put, ${mebibytes} MiB stream, growth of memory`,
    goal: { atMost: 112 },
  })
  const { bytes } = await counted(endpoint)
  if (bytes < mebibytes * MIB) throw new Error(`Expected ${mebibytes} MiB to arrive, got ${bytes} bytes`)
  return row
}

async function requests(endpoint) {
  const storage = new FileStorage('default', await openBackend('s3', endpoint))
  const count = async () => (await counted(endpoint)).requests
  const rows = await requestRows('s3', storage, count, { store: 1000, open: 1000, remove: 1 })
  await storage.deleteMany(Array.from({ length: DELETIONS }, () => newFileId()))
  const value = await count()
  await storage.backend.close()
  const goal = { atMost: DELETIONS / 1000 }
  return [...rows, makeRow({ name: `s3 delete, ${DELETIONS} files`, value, unit: 'requests', goal })]
}

/** Against a loop of `DeleteObjects` with the SDK. */
async function timeOfDeletions(endpoint, rounds) {
  const ids = Array.from({ length: DELETIONS }, () => newFileId())
  const storage = new FileStorage('default', await openBackend('s3', endpoint))
  const { bucket: Bucket, ...config } = s3Options(endpoint)
  const client = new S3Client({ ...config, requestChecksumCalculation: 'WHEN_REQUIRED' })
  const loop = {
    async batch() {
      for (let start = 0; start < ids.length; start += 1000) {
        const Objects = ids.slice(start, start + 1000).map((Key) => ({ Key }))
        await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Quiet: true, Objects } }))
      }
    },
  }
  const subject = {
    async batch() {
      await storage.deleteMany(ids)
    },
  }
  const result = await compare({ floor: loop, control: loop, subject, rounds })
  client.destroy()
  await storage.backend.close()
  return compared(`s3 delete, ${DELETIONS} files, time`, result, {
    operations: DELETIONS,
    goal: { atMost: 1.3 },
  })
}

async function counted(endpoint) {
  return await (await fetch(endpoint)).json()
}
