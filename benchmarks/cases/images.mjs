import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compare, emptyFolder, median, quantile, shuffled } from '../harness.mjs'
import { largestByHand, makePhotograph, TASKS, uploader } from '../photographs.mjs'
import { makeRow } from '../report.mjs'

const CHILD = fileURLToPath(new URL('../children/image-memory.mjs', import.meta.url))
const GOALS = {
  'to 1024 and 128': { cpu: { atMost: 1.2 }, memory: { atMost: 1.15 } },
  'to five sizes': { cpu: { atMost: 1.55 } },
}

/** Photographs of 12 megapixels: CPU time and peak memory, against one pipeline of sharp that makes the largest size. */
export async function images({ quick, scratch }) {
  const photograph = await makePhotograph()
  const file = join(scratch.folder(), 'photograph.jpg')
  writeFileSync(file, photograph)
  const rows = []
  for (const [task, { cpu, memory }] of Object.entries(GOALS)) {
    rows.push(await cpuOf(task, photograph, { folder: scratch.folder(), rounds: quick ? 5 : 25, goal: cpu }))
    rows.push(memoryOf(task, file, { folder: scratch.folder(), rounds: quick ? 3 : 7, goal: memory }))
  }
  return rows
}

async function cpuOf(task, photograph, { folder, rounds, goal }) {
  const byHand = { batch: async () => void (await largestByHand(photograph, TASKS[task])) }
  const upload = uploader(folder)
  const { cpu, control, times } = await compare({
    floor: byHand,
    control: byHand,
    subject: {
      batch: async () => void (await upload(photograph, TASKS[task])),
      after: () => emptyFolder(folder),
    },
    rounds,
  })
  const millis = (list) => quantile(list, 0.1).toFixed(0)
  return makeRow({
    name: `12 MP JPEG ${task}, CPU`,
    value: cpu,
    control: { ratio: control.cpu, p10: control.cpu },
    goal,
    detail: `${millis(times.floor)} → ${millis(times.subject)} ms`,
  })
}

function memoryOf(task, file, { folder, rounds, goal }) {
  const peaks = { hand: [], filedepot: [] }
  for (let round = 0; round < rounds; round++) {
    for (const name of shuffled(Object.keys(peaks))) {
      peaks[name].push(Number(execFileSync(process.execPath, [CHILD, name, task, file, folder])))
    }
  }
  const [hand, filedepot] = [median(peaks.hand), median(peaks.filedepot)]
  return makeRow({
    name: `12 MP JPEG ${task}, peak memory`,
    value: filedepot / hand,
    goal,
    detail: `${hand.toFixed(0)} → ${filedepot.toFixed(0)} MiB RSS`,
  })
}
