// Stores so many MiB in a folder and prints how much the process had before and how much it grew.
import { FileStorage, LocalBackend } from '@filedepot/core'
import { rmSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { MIB } from '../harness.mjs'

const [folder, mebibytes] = process.argv.slice(2)
const storage = new FileStorage('default', new LocalBackend(folder))

await setTimeout(100)
globalThis.gc()
const baseline = process.memoryUsage.rss()
let peak = baseline
const timer = setInterval(sample, 5)

const id = await storage.create(chunks(Number(mebibytes)))

clearInterval(timer)
sample()
const { size } = await storage.get(id)
if (size !== mebibytes * MIB) throw new Error(`Expected ${mebibytes} MiB to be stored, got ${size} bytes`)
rmSync(folder, { recursive: true })
console.log(JSON.stringify({ baseline: baseline / MIB, growth: (peak - baseline) / MIB }))

function sample() {
  peak = Math.max(peak, process.memoryUsage.rss())
}

/** From one buffer, so that the growth is not the source's. */
async function* chunks(count) {
  const chunk = Buffer.alloc(MIB / 16, 'filedepot ')
  for (let index = 0; index < count * 16; index++) yield chunk
}
