import { FileStorage } from '@filedepot/core'
import { openBackend } from '../backends.mjs'
import { MIB } from '../harness.mjs'
import { memoryRow, requestRows, withServer } from '../storage-rows.mjs'

const SERVER = new URL('../children/gcs-null-server.mjs', import.meta.url)
const NAMES = 100_000

/** Google Cloud Storage, against a server in a process of its own that keeps nothing. */
export function gcs({ quick }) {
  return withServer(SERVER, [NAMES], async (url) => [
    await storing(url, quick ? 256 : 2048),
    await memoryRow(['gcs', url, 'list', NAMES], {
      name: `gcs list, ${NAMES} names, growth of memory`,
      goal: { atMost: 96 },
    }),
    ...(await requests(url)),
  ])
}

async function storing(url, mebibytes) {
  await counted(url)
  const row = await memoryRow(['gcs', url, 'store', mebibytes], {
    name: `gcs put, ${mebibytes} MiB stream, growth of memory`,
    goal: { atMost: 112 },
  })
  const { bytes } = await counted(url)
  if (bytes < mebibytes * MIB) throw new Error(`Expected ${mebibytes} MiB to arrive, got ${bytes} bytes`)
  return row
}

async function requests(url) {
  const storage = new FileStorage('default', await openBackend('gcs', url))
  const count = async () => (await counted(url)).requests
  // The service has no request that deletes many.
  const rows = await requestRows('gcs', storage, count, { store: 1000, open: 1000, remove: 1000 })
  await storage.backend.close()
  return rows
}

async function counted(url) {
  return await (await fetch(url)).json()
}
