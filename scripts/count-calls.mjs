// Counts, with V8's precise coverage, how many files and calls of our own a save of a small file enters, and a delete by criteria,
// with a ledger and without. The figures are in docs/design.md. Needs a build: it runs the CommonJS files, one for each source.
//
//   npm run build && node scripts/count-calls.mjs
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Without it, `require` gives the bundled files, which do not tell sources apart. */
const FLAG = '--no-experimental-require-module'
if (!process.execArgv.includes(FLAG)) {
  const { status } = spawnSync(process.execPath, [FLAG, fileURLToPath(import.meta.url)], { stdio: 'inherit' })
  process.exit(status ?? 1)
}

const require = createRequire(new URL('../packages/typeorm/package.json', import.meta.url))
require('reflect-metadata')
const { DataSource, EntitySchema } = require('typeorm')
const { DepotManager, LocalBackend, UploadedFile } = require('@filedepot/core')
const { attachDepot, uploadedFileColumn } = require('@filedepot/typeorm')

const OURS = /\/packages\/([a-z0-9]+)\/dist\/cjs\/(.+)\.js$/
/** They only hand on what others have: a getter for each name, which CommonJS calls. */
const ENTRIES = /^(core\/(index|integration|backend-kit)|(typeorm|ledger)\/index)$/
/** So that what is loaded or made once is there. */
const BEFORE = 20

const session = new Session()
session.connect()
await session.post('Profiler.enable')
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })

console.log('                              files  calls')
for (const ledger of [true, false]) {
  const folder = mkdtempSync(join(tmpdir(), 'filedepot-calls-'))
  const depot = new DepotManager()
  depot.configure('default', new LocalBackend(folder))
  const Note = new EntitySchema({
    name: 'note',
    columns: {
      id: { type: Number, primary: true, generated: true },
      file: uploadedFileColumn({ nullable: true }),
    },
  })
  const dataSource = new DataSource({
    type: 'better-sqlite3',
    database: ':memory:',
    entities: [Note],
    synchronize: true,
  })
  await attachDepot(dataSource, depot, { ledger: ledger && { drain: false } }).initialize()
  const notes = dataSource.getRepository(Note)
  const save = () => notes.save({ file: UploadedFile.from(Buffer.from('hello')) })
  for (let i = 0; i < BEFORE; i++) await notes.delete((await save()).id)
  const kind = ledger ? 'with a ledger' : 'without one'
  let id
  report(`a save, ${kind}`, await callsOf(async () => void ({ id } = await save())))
  report(`a delete by criteria, ${kind}`, await callsOf(() => notes.delete({ id })))
  await dataSource.destroy()
  await depot.close()
  rmSync(folder, { recursive: true })
}

/** What is called within an action: files of ours, and calls of their functions. */
async function callsOf(action) {
  await session.post('Profiler.takePreciseCoverage')
  await action()
  const { result } = await session.post('Profiler.takePreciseCoverage')
  const files = new Map()
  for (const { url, functions } of result) {
    const [, name, path] = OURS.exec(url) ?? []
    if (!path || ENTRIES.test(`${name}/${path}`)) continue
    const calls = functions.reduce((sum, { ranges: [range] }) => sum + (range?.count ?? 0), 0)
    if (calls > 0) files.set(`${name}/${path}`, calls)
  }
  return files
}

function report(what, files) {
  const calls = [...files.values()].reduce((sum, count) => sum + count, 0)
  console.log(`${what.padEnd(36)}${String(files.size).padStart(3)}  ${String(calls).padStart(5)}`)
  if (process.env.VERBOSE)
    for (const [file, count] of files) console.log(`    ${String(count).padStart(4)}  ${file}`)
}
