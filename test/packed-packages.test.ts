import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { installConsumers } from './support/packed.ts'

const run = promisify(execFile)
const CONSUMERS = join('test', 'consumers')
/** Milliseconds; an installation is slow where the disk is. */
const TIMEOUT = 600_000

let folder: string

/** Generates the Prisma client of an application. */
async function generate(cwd: string): Promise<void> {
  // Prisma fetches an engine that it needs for migrations only, where no existing file is named as such.
  const env = { ...process.env, CHECKPOINT_DISABLE: '1', PRISMA_SCHEMA_ENGINE_BINARY: process.execPath }
  const cli = join('node_modules', 'prisma', 'build', 'index.js')
  await run(process.execPath, [cli, 'generate', '--no-hints', '--schema', 'schema.prisma'], { cwd, env })
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'filedepot-packed-'))
  // One is a test of its own.
  const names = (await readdir(CONSUMERS)).filter((name) => name !== 'command-line')
  await installConsumers(folder, names)
}, TIMEOUT)

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
}, TIMEOUT)

describe('the packed packages', () => {
  it.each([
    ['an ESM application, where import and require give the same classes, by their names', 'esm'],
    ['a CommonJS application, where require and import give the same classes, by their names', 'cjs'],
  ])(
    'load in %s',
    async (_, name) => {
      const { stdout } = await run(process.execPath, ['index.js'], { cwd: join(folder, name) })

      expect(JSON.parse(stdout)).toEqual({ text: 'hello', sameClasses: true, misnamed: [], files: 0 })
    },
    TIMEOUT,
  )

  it(
    'store the files of a Prisma client, also of one that is generated as JavaScript',
    async () => {
      const cwd = join(folder, 'prisma')
      await generate(cwd)

      const { stdout } = await run(process.execPath, ['index.js'], { cwd })

      expect(JSON.parse(stdout)).toEqual({ text: 'hello', sameClasses: true, files: 0 })
    },
    TIMEOUT,
  )

  it(
    'work in a Nest application in TypeScript, with DTOs, a serializer and multer',
    async () => {
      const cwd = join(folder, 'nest')
      await run(process.execPath, [join('node_modules', 'typescript', 'bin', 'tsc')], { cwd })

      const { stdout } = await run(process.execPath, [join('dist', 'main.js')], { cwd })

      const [created, taken, invalid] = [201, 409, 400]
      expect(JSON.parse(stdout)).toEqual({
        created,
        text: 'hello',
        filename: 'soup.txt',
        taken,
        invalid,
        files: 1,
      })
    },
    TIMEOUT,
  )

  it.each(['hono', 'fastify'])(
    'save, serve and roll back in an application of %s',
    async (name) => {
      const { stdout } = await run(process.execPath, ['index.js'], { cwd: join(folder, name) })

      expect(JSON.parse(stdout)).toEqual({ created: 201, text: 'hello', taken: 409, tooLarge: 413, files: 1 })
    },
    TIMEOUT,
  )

  it(
    'are one for all routes of a Next application that was built',
    async () => {
      const cwd = join(folder, 'next')
      const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production', NODE_OPTIONS: '' }
      await run(process.execPath, [join('node_modules', 'next', 'dist', 'bin', 'next'), 'build'], {
        cwd,
        env,
      })

      const { stdout } = await run(process.execPath, ['start.mjs'], { cwd, env })

      const range = [206, 'hell']
      expect(JSON.parse(stdout)).toEqual({
        created: 201,
        text: 'hello',
        head: 200,
        range,
        failed: 409,
        files: 1,
      })
    },
    TIMEOUT,
  )

  it(
    'stand between a soft delete and read replicas of a Prisma client',
    async () => {
      const cwd = join(folder, 'prisma-extensions')
      await generate(cwd)

      const { stdout } = await run(process.execPath, ['index.js'], { cwd })

      expect(JSON.parse(stdout)).toEqual({
        text: 'hello',
        taken: 'P2002',
        failed: 'on purpose',
        isDeleted: true,
        kept: 'hello',
        files: 1,
      })
    },
    TIMEOUT,
  )

  it(
    'pass the tests of a CommonJS application in its own CommonJS Jest',
    async () => {
      const application = join(folder, 'cjs-jest')

      const { stderr } = await run(process.execPath, [join('node_modules', 'jest', 'bin', 'jest.js')], {
        cwd: application,
        // What this run sets for itself is not what an application has.
        env: { ...process.env, NODE_OPTIONS: '' },
      })

      expect(stderr).toMatch(/^Tests: +5 passed, 5 total$/m)
    },
    TIMEOUT,
  )
})
