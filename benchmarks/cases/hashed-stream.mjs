import { FileStorage, LocalBackend } from '@filedepot/core'
import { createWriteStream } from 'node:fs'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { compare, emptyFolder, KIB, median, MIB } from '../harness.mjs'
import { makeRow } from '../report.mjs'

const SIZE = 100 * MIB

/** A large stream with its SHA-256, against what Node does by default and without a hash. */
export async function hashedStream({ quick, scratch }) {
  const { ratio, p10, control, times } = await compare({
    floor: plainPipeline(scratch.folder()),
    control: plainPipeline(scratch.folder()),
    subject: depotStream(scratch.folder()),
    rounds: quick ? 5 : 25,
  })
  const speed = (list) => `${((SIZE / MIB / median(list)) * 1000).toFixed(0)}`
  return [
    makeRow({
      name: 'local put, 100 MiB stream with SHA-256, throughput',
      value: 1 / ratio,
      p10: 1 / p10,
      control: { ratio: 1 / control.ratio, p10: 1 / control.p10 },
      goal: { atLeast: 1.3 },
      detail: `${speed(times.floor)} → ${speed(times.subject)} MiB/s`,
    }),
  ]
}

function plainPipeline(folder) {
  return {
    async batch() {
      const path = join(folder, 'file')
      await pipeline(source(), createWriteStream(`${path}.tmp`))
      await rename(`${path}.tmp`, path)
    },
    after: () => emptyFolder(folder),
  }
}

function depotStream(folder) {
  const storage = new FileStorage('default', new LocalBackend(folder))
  return {
    async batch() {
      await storage.create(source())
    },
    after: () => emptyFolder(folder),
  }
}

/** Chunks of the size that sockets and files give by default, from one buffer, so that the source costs little. */
function source() {
  const chunk = Buffer.alloc(64 * KIB, 'filedepot ')
  let left = SIZE
  return new Readable({
    highWaterMark: 64 * KIB,
    read() {
      this.push(left > 0 ? chunk : null)
      left -= chunk.byteLength
    },
  })
}
