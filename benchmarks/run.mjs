// Measures what filedepot costs and prints it as ratios, each beside its goal. See README.md.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { CASES } from './cases.mjs'
import { printTable, writeJson } from './report.mjs'

const CHILD = fileURLToPath(new URL('children/case.mjs', import.meta.url))

const { only = Object.keys(CASES), quick, json } = readOptions()
const rows = []
let place
for (const name of Object.keys(CASES)) {
  if (!only.includes(name)) continue
  process.stderr.write(`${name} …\n`)
  const measured = await inProcessOfItsOwn(name)
  rows.push(...measured.rows)
  place = measured.place
}

console.log(
  `Node ${process.versions.node}; files on ${place}${quick ? '; --quick: figures are rough' : ''}\n`,
)
printTable(rows)
if (json) writeJson(json, { rows, place, quick })

/** What V8 makes of code depends on all that has run before, so that cases would change each other's figures. */
async function inProcessOfItsOwn(name) {
  const child = fork(CHILD, [name, quick ? 'quick' : 'whole'])
  let measured
  child.once('message', (message) => (measured = message))
  const [code] = await once(child, 'exit')
  if (measured && code === 0) return measured
  throw new Error(`the case "${name}" has failed`)
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
    },
  })
  const only = values.only?.flatMap((names) => names.split(','))
  const unknown = only?.find((name) => !(name in CASES))
  if (unknown === undefined) return { ...values, only }
  console.error(`expected --only to be of ${Object.keys(CASES).join(', ')}, got "${unknown}"`)
  // A mistake in the command: nothing is measured.
  process.exit(2)
}
