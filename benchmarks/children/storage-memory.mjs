// Stores so many MiB, or lists all files, in a storage, and prints how much the process had before and how much it grew.
import { FileStorage } from '@filedepot/core'
import { setTimeout } from 'node:timers/promises'
import { openBackend } from '../backends.mjs'
import { MIB } from '../harness.mjs'

const [kind, address, job, amount] = process.argv.slice(2)
const storage = new FileStorage('default', await openBackend(kind, address))
// Clients load the half of themselves with their first request, and some connect.
await storage.exists('01890a5d-ac96-774b-bcce-ffffffffffff')

await setTimeout(100)
globalThis.gc()
const baseline = process.memoryUsage.rss()
let peak = baseline
const timer = setInterval(sample, 5)

let count = 0
if (job === 'store') {
  await storage.create(chunks(Number(amount)))
} else {
  for await (const id of storage.list()) if (id) count++
  if (count !== Number(amount)) throw new Error(`Expected ${amount} ids, got ${count}`)
}

clearInterval(timer)
sample()
console.log(JSON.stringify({ baseline: baseline / MIB, growth: (peak - baseline) / MIB }))
await storage.backend.close()

function sample() {
  peak = Math.max(peak, process.memoryUsage.rss())
}

/** From one buffer, so that the growth is not the source's. */
async function* chunks(mebibytes) {
  const chunk = Buffer.alloc(MIB / 16, 'filedepot ')
  for (let index = 0; index < mebibytes * 16; index++) yield chunk
}
