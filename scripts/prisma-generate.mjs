// Generates the Prisma clients that the tests and the examples use: of prisma/schema.prisma as it is, for SQLite, and
// of variants of it for PostgreSQL and MySQL. Does nothing, quickly, where schema and Prisma have not changed.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const PROVIDERS = ['sqlite', 'postgresql', 'mysql']

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const generated = join(root, 'prisma', 'generated')
const cli = createRequire(import.meta.url).resolve('prisma/build/index.js')
const { version } = createRequire(import.meta.url)('prisma/package.json')
const schema = readFileSync(join(root, 'prisma', 'schema.prisma'), 'utf8')

mkdirSync(generated, { recursive: true })
await Promise.all(PROVIDERS.map(generate))

/** The variant of the schema is kept beside its client: while it is the same, so is the client. */
async function generate(provider) {
  const path = join(generated, `${provider}.prisma`)
  const variant = variantFor(provider)
  const isThere = existsSync(path) && existsSync(join(generated, provider, 'client.ts'))
  if (isThere && readFileSync(path, 'utf8') === variant) return
  writeFileSync(path, variant)
  const env = {
    ...process.env,
    CHECKPOINT_DISABLE: '1',
    // Prisma fetches an engine that it needs for migrations only, where no existing file is named as such.
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
  }
  try {
    // Beside the schema: a prisma.config.ts is not asked.
    const where = { cwd: generated, env }
    await promisify(execFile)(
      process.execPath,
      [cli, 'generate', '--no-hints', '--schema', `${provider}.prisma`],
      where,
    )
  } catch (error) {
    rmSync(path)
    throw error
  }
}

function variantFor(provider) {
  return (
    `// Made by scripts/prisma-generate.mjs, for Prisma ${version}.\n\n` +
    schema
      .replace('output              = "./generated/sqlite"', `output              = "./${provider}"`)
      .replace('provider = "sqlite"', `provider = "${provider}"`)
  )
}
