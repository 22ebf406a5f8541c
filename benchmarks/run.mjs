// Measures what filedepot costs and prints it as ratios, each beside its goal. See README.md.
import { parseArgs } from 'node:util'
import { constantMemory } from './cases/constant-memory.mjs'
import { gcs } from './cases/gcs.mjs'
import { gridfs } from './cases/gridfs.mjs'
import { hashedStream } from './cases/hashed-stream.mjs'
import { images } from './cases/images.mjs'
import { importCore } from './cases/import-core.mjs'
import { localFiles } from './cases/local-files.mjs'
import { prisma } from './cases/prisma.mjs'
import { s3 } from './cases/s3.mjs'
import { savesWithoutFiles } from './cases/saves-without-files.mjs'
import { serving } from './cases/serving.mjs'
import { typeormCriteria } from './cases/typeorm-criteria.mjs'
import { typeormFiles } from './cases/typeorm-files.mjs'
import { typeormManyFiles } from './cases/typeorm-many-files.mjs'
import { typeormUntouched } from './cases/typeorm-untouched.mjs'
import { makeScratch, MIB } from './harness.mjs'
import { printTable, writeJson } from './report.mjs'

const CASES = {
  'local-files': localFiles,
  'hashed-stream': hashedStream,
  'constant-memory': constantMemory,
  'typeorm-files': typeormFiles,
  'typeorm-criteria': typeormCriteria,
  'typeorm-many-files': typeormManyFiles,
  'typeorm-untouched': typeormUntouched,
  'saves-without-files': savesWithoutFiles,
  prisma,
  images,
  serving,
  'import-core': importCore,
  s3,
  gcs,
  gridfs,
}

const { only = [], quick, json } = readOptions()
const scratch = makeScratch((quick ? 1024 : 3072) * MIB)
const rows = []
try {
  for (const [name, run] of Object.entries(CASES)) {
    if (only.length > 0 && !only.includes(name)) continue
    process.stderr.write(`${name} …\n`)
    rows.push(...(await run({ quick, scratch })))
  }
} finally {
  scratch.remove()
}

console.log(
  `Node ${process.versions.node}; files on ${scratch.place}${quick ? '; --quick: figures are rough' : ''}\n`,
)
printTable(rows)
if (json) writeJson(json, { rows, place: scratch.place, quick })

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
  process.exit(2)
}
