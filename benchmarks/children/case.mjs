// Runs one case, and sends its rows and where the files were.
import { CASES } from '../cases.mjs'
import { makeScratch, MIB } from '../harness.mjs'

const [name, quick] = process.argv.slice(2)
const isQuick = quick === 'quick'
const scratch = makeScratch((isQuick ? 1024 : 3072) * MIB)
try {
  const run = await CASES[name]()
  process.send({ rows: await run({ quick: isQuick, scratch }), place: scratch.place })
} finally {
  scratch.remove()
  process.disconnect()
}
