import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const { packageManager } = JSON.parse(await readFile('package.json', 'utf8')) as { packageManager: string }

let folder: string
/** The packed packages by name. */
const tarballs: Record<string, string> = {}

/** Runs the pinned pnpm. */
async function pnpm(cwd: string, ...args: string[]): Promise<string> {
  return (await run('npx', ['-y', packageManager, ...args], { cwd })).stdout
}

/** Copies an application of `test/consumers` and installs the tarballs into it. */
async function install(name: string): Promise<string> {
  const application = join(folder, name)
  await cp(join('test', 'consumers', name), application, { recursive: true })
  const manifest = JSON.parse(await readFile(join(application, 'package.json'), 'utf8')) as Record<
    string,
    object
  >
  manifest.dependencies = { ...manifest.dependencies, ...tarballs }
  await writeFile(join(application, 'package.json'), JSON.stringify(manifest))
  // The packages depend on each other by version, and none is in a registry.
  const overrides = Object.entries(tarballs).map(([packed, file]) => `  '${packed}': '${file}'`)
  const workspace = ['allowBuilds:', '  better-sqlite3: true', 'overrides:', ...overrides, ''].join('\n')
  await writeFile(join(application, 'pnpm-workspace.yaml'), workspace)
  await pnpm(application, 'install', '--prefer-offline', '--no-frozen-lockfile')
  return application
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'filedepot-packed-'))
  for (const name of await readdir('packages')) {
    const cwd = join('packages', name)
    const manifest = JSON.parse(await readFile(join(cwd, 'package.json'), 'utf8')) as { name: string }
    const output = await pnpm(cwd, 'pack', '--json', '--pack-destination', folder)
    const { filename } = JSON.parse(output) as { filename: string }
    tarballs[manifest.name] = `file:${resolve(folder, filename)}`
  }
}, 180_000)

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

describe('the packed packages', () => {
  it('load in an ESM application, where import and require give the same classes', async () => {
    const application = await install('esm')

    const { stdout } = await run(process.execPath, ['index.js'], { cwd: application })

    expect(JSON.parse(stdout)).toEqual({ text: 'hello', sameClasses: true, files: 0 })
  }, 180_000)

  it('load in a CommonJS application, where require and import give the same classes', async () => {
    const application = await install('cjs')

    const { stdout } = await run(process.execPath, ['index.js'], { cwd: application })

    expect(JSON.parse(stdout)).toEqual({ text: 'hello', sameClasses: true, files: 0 })
  }, 180_000)

  it('pass the tests of a CommonJS application in its own CommonJS Jest', async () => {
    const application = await install('cjs-jest')

    const { stderr } = await run(process.execPath, [join('node_modules', 'jest', 'bin', 'jest.js')], {
      cwd: application,
      // What this run sets for itself is not what an application has.
      env: { ...process.env, NODE_OPTIONS: '' },
    })

    expect(stderr).toContain('1 passed, 1 total')
  }, 180_000)
})
