import { fileURLToPath } from 'node:url'
import { compare } from '../harness.mjs'
import { compareProcesses } from '../compare-processes.mjs'
import { openPlain, openWithDepot } from '../people.mjs'
import { compared } from '../report.mjs'
import { saveFileless } from '../save-fileless.mjs'

const CHILD = fileURLToPath(new URL('../children/saves-without-files.mjs', import.meta.url))
const BATCH = 50

/**
 * What those pay who have no file. Once within one process, which is the finer measure, and once with a process for
 * each, as what filedepot does to a whole process would slow its floor as well.
 */
export async function savesWithoutFiles({ quick, scratch }) {
  const rounds = quick ? 25 : 250
  return [await inOneProcess(rounds, scratch), await inProcessesOfTheirOwn(rounds, scratch)]
}

async function inOneProcess(rounds, scratch) {
  const dataSources = [await openPlain(), await openPlain(), await openWithDepot(scratch.folder())]
  const [floor, control, subject] = dataSources.map((dataSource) => saveFileless(dataSource, BATCH))
  const result = await compare({ floor, control, subject, rounds })
  for (const dataSource of dataSources) await dataSource.destroy()
  return rowOf('one process', result)
}

async function inProcessesOfTheirOwn(rounds, scratch) {
  const batch = String(BATCH)
  const given = { floor: [batch], control: [batch], subject: [batch, scratch.folder()] }
  return rowOf('own processes', await compareProcesses(CHILD, given, rounds))
}

function rowOf(where, result) {
  return compared(`typeorm save without files, ${where}`, result, {
    operations: BATCH,
    goal: { atMost: 1.03 },
  })
}
