import type { Surroundings } from './look-around.ts'

/** The text of a configuration for what was found. What was not found is a line to fill in. */
export function configFor(found: Surroundings): string {
  const { imports, body, database } = databaseFor(found)
  const lines = [
    `import { depot${found.storages.length === 0 ? ', LocalBackend' : ''} } from '@filedepot/core'`,
    ...imports,
    `import { defineConfig } from 'filedepot'`,
  ]
  return `${[
    ...lines,
    '',
    '// The storages as your application configures them. If one of its modules does so, import that instead.',
    ...storagesFor(found),
    ...body,
    '',
    `export default defineConfig({ depot, database${database === 'database' ? '' : `: ${database}`} })`,
  ].join('\n')}\n`
}

function storagesFor({ storages }: Surroundings): string[] {
  if (storages.length === 0)
    return ["if (!depot.has('default')) depot.configure('default', new LocalBackend('./uploads'))"]
  return storages.map((prefix) => {
    const name = prefix === 'DEPOT_' ? 'default' : prefix.replace(/_$/, '').toLowerCase()
    return `if (!depot.has('${name}')) depot.fromEnvironment('${name}', { prefix: '${prefix}' })`
  })
}

interface DatabaseLines {
  readonly imports: readonly string[]
  readonly body: readonly string[]
  /** The expression that gives the database. */
  readonly database: string
}

function databaseFor({
  orm,
  dataSource,
  dataSourceName = 'dataSource',
  isTypescript,
}: Surroundings): DatabaseLines {
  if (orm === 'typeorm') {
    const name = dataSourceName === 'default' ? 'dataSource' : dataSourceName
    const from = `./${dataSource ?? `src/data-source.${isTypescript ? 'ts' : 'js'}`}`
    return {
      imports: [`import ${dataSourceName === 'default' ? name : `{ ${name} }`} from '${from}'`],
      body: [],
      database: name,
    }
  }
  if (orm === 'prisma') {
    return {
      imports: [],
      body: ['', '// The module that exports your client, extended with filedepot({ models }).'],
      database: `async () => (await import('./src/prisma.${isTypescript ? 'ts' : 'js'}')).prisma`,
    }
  }
  return {
    imports: [`import { pgClient } from '@filedepot/ledger'`, `import { Pool } from 'pg'`],
    body: [
      '',
      'const pool = new Pool({ connectionString: process.env.DATABASE_URL })',
      "const columns = [{ table: 'documents', column: 'content' }]",
      'const database = { client: pgClient(pool), columns, close: () => pool.end() }',
    ],
    database: 'database',
  }
}
