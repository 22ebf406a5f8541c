import { DeleteObjectsCommand, S3Client } from '@aws-sdk/client-s3'
import { FileStorage, newFileId } from '@filedepot/core'
import { S3Backend } from '@filedepot/s3'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { compare, MIB } from '../harness.mjs'
import { compared, makeRow } from '../report.mjs'

const SERVER = fileURLToPath(new URL('../children/s3-null-server.mjs', import.meta.url))
const MEMORY = fileURLToPath(new URL('../children/s3-memory.mjs', import.meta.url))
const KEYS = 100_000
const DELETIONS = 10_000

/** S3, against a server in a process of its own that keeps nothing. */
export async function s3({ quick }) {
  const server = spawn(process.execPath, [SERVER, String(KEYS)], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [port] = await once(createInterface(server.stdout), 'line')
    const endpoint = `http://127.0.0.1:${port}`
    return [
      await storing(endpoint, quick ? 256 : 2048),
      await listing(endpoint),
      await requestsOfDeletions(endpoint),
      await timeOfDeletions(endpoint, quick ? 3 : 60),
    ]
  } finally {
    server.kill()
  }
}

async function storing(endpoint, mebibytes) {
  await counted(endpoint)
  const row = await memoryRow(endpoint, 'store', mebibytes, {
    name: `s3 put, ${mebibytes} MiB stream, growth of memory`,
    goal: { atMost: 112 },
  })
  const { bytes } = await counted(endpoint)
  if (bytes < mebibytes * MIB) throw new Error(`expected ${mebibytes} MiB to arrive, got ${bytes} bytes`)
  return row
}

function listing(endpoint) {
  return memoryRow(endpoint, 'list', KEYS, {
    name: `s3 list, ${KEYS} keys, growth of memory`,
    goal: { atMost: 96 },
  })
}

async function requestsOfDeletions(endpoint) {
  const storage = new FileStorage('default', new S3Backend(optionsFor(endpoint)))
  await counted(endpoint)
  await storage.deleteMany(Array.from({ length: DELETIONS }, () => newFileId()))
  const { requests } = await counted(endpoint)
  await storage.backend.close()
  return makeRow({
    name: `s3 delete, ${DELETIONS} files`,
    value: requests,
    unit: 'requests',
    goal: { atMost: DELETIONS / 1000 },
  })
}

/** Against a loop of `DeleteObjects` with the SDK. */
async function timeOfDeletions(endpoint, rounds) {
  const ids = Array.from({ length: DELETIONS }, () => newFileId())
  const storage = new FileStorage('default', new S3Backend(optionsFor(endpoint)))
  const { bucket: Bucket, ...config } = optionsFor(endpoint)
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

async function memoryRow(endpoint, job, amount, row) {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--expose-gc',
    '--no-warnings',
    MEMORY,
    endpoint,
    job,
    String(amount),
  ])
  const { growth, baseline } = JSON.parse(stdout)
  const detail = `${baseline.toFixed(0)} → ${(baseline + growth).toFixed(0)} MiB RSS`
  return makeRow({ ...row, value: growth, unit: 'MiB', detail })
}

async function counted(endpoint) {
  return await (await fetch(endpoint)).json()
}

function optionsFor(endpoint) {
  const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' }
  return { bucket: 'bench', region: 'us-east-1', endpoint, forcePathStyle: true, credentials }
}
