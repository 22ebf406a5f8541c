import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { makeRow } from '../report.mjs'

const CHILD = fileURLToPath(new URL('../children/ledger.mjs', import.meta.url))
/** A million takes some minutes: `LEDGER_FILES=1000000`. */
const { LEDGER_FILES } = process.env

/** What a ledger on SQLite deletes in a second, what a sweep looks at, and how a process grows that compares all. */
export async function ledger({ quick, scratch }) {
  const counts = LEDGER_FILES ? [Number(LEDGER_FILES)] : quick ? [10_000] : [10_000, 100_000]
  const drained = await run('drain', quick ? 2000 : 20_000, scratch)
  const rows = [
    makeRow({
      name: `ledger drain, ${drained.files} files on local disk`,
      value: drained.files / drained.seconds,
      unit: 'files/s',
      goal: { atLeast: 2000 },
    }),
  ]
  for (const count of counts) {
    const swept = await run('sweep', count, scratch)
    rows.push(
      makeRow({
        name: `ledger sweep of a day, ${count} files of 100 days`,
        value: swept.listed / (count / 100),
        goal: { atMost: 2.1 },
        detail: `${swept.listed} files listed in ${(swept.seconds * 1000).toFixed(0)} ms`,
      }),
    )
    for (const job of ['gc', 'verify']) {
      const { growth, seconds } = await run(job, count, scratch)
      rows.push(
        makeRow({
          name: `ledger ${job}, ${count} files and rows, growth of memory`,
          value: growth,
          unit: 'MiB',
          goal: { atMost: 96 },
          detail: `${seconds.toFixed(1)} s`,
        }),
      )
    }
  }
  return rows
}

async function run(job, count, scratch) {
  const args = ['--expose-gc', '--no-warnings', CHILD, job, String(count), scratch.folder()]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return JSON.parse(stdout)
}
