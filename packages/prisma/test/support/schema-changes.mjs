// Prints how much Prisma would change in a SQLite database to make it that of a schema, and changes it. The engine of
// `prisma migrate`, without its binary; in a process of its own, as the compiler of WebAssembly holds it up at its end.
//
//   node schema-changes.mjs <database> <schema> [<table that is not Prisma's> …]
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import * as engineModule from '@prisma/schema-engine-wasm/schema_engine_bg'
import { readFileSync } from 'node:fs'

const [database, schema, ...externalTables] = process.argv.slice(2)

const wasm = new URL('schema_engine_bg.wasm', import.meta.resolve('@prisma/schema-engine-wasm'))
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(wasm)), {
  './schema_engine_bg.js': engineModule,
})
engineModule.__wbg_set_wasm(exports)
exports.__wbindgen_start()

const engine = await engineModule.SchemaEngine.new(
  { datamodels: undefined },
  () => undefined,
  bindMigrationAwareSqlAdapterFactory(new PrismaBetterSqlite3({ url: `file:${database}` })),
)
const { executedSteps, unexecutable, warnings } = await engine.schemaPush({
  force: false,
  schema: { files: [{ path: 'schema.prisma', content: readFileSync(schema, 'utf8') }] },
  filters: { externalTables, externalEnums: [] },
})
console.log(executedSteps + unexecutable.length + warnings.length)
process.exit()
