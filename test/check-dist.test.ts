import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

let root: string
let cwd: string

/** A package as one of ours: the manifest of S3, and of everything else the least that there can be. */
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'filedepot-pack-'))
  cwd = join(root, 'packages', 's3')
  await mkdir(join(root, 'scripts'))
  await cp(join('scripts', 'check-dist.mjs'), join(root, 'scripts', 'check-dist.mjs'))
  for (const file of ['src/index.ts', ...BUILT]) {
    await mkdir(dirname(join(cwd, file)), { recursive: true })
    await writeFile(join(cwd, file), '')
  }
  await cp(join('packages', 's3', 'package.json'), join(cwd, 'package.json'))
})

afterEach(() => rm(root, { recursive: true }))

const BUILT = [
  'dist/esm/index.js',
  'dist/esm/index.d.ts',
  'dist/cjs/index.js',
  'dist/cjs/index.d.ts',
  'dist/cjs/package.json',
]

/** What packing says, or the names of what was packed. */
async function pack(): Promise<string[] | string> {
  try {
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', root], { cwd })
    const [packed] = JSON.parse(stdout.slice(stdout.indexOf('['))) as { files: { path: string }[] }[]
    return packed!.files.map(({ path }) => path)
  } catch (error) {
    return (error as { stderr: string }).stderr
  }
}

describe('packing a package', () => {
  it('works when it was built', async () => {
    expect(await pack()).toEqual(expect.arrayContaining(BUILT))
  })

  it.each(BUILT)('fails without %s', async (file) => {
    await rm(join(cwd, file))

    expect(await pack()).toContain('@filedepot/s3 cannot be packed')
  })

  it('fails when a source is newer than what was built of it', async () => {
    const later = new Date(Date.now() + 10_000)
    await utimes(join(cwd, 'src', 'index.ts'), later, later)

    expect(await pack()).toContain('@filedepot/s3 cannot be packed: src/index.ts is newer than dist')
  })

  it('is checked for every package', async () => {
    for (const name of await readdir('packages')) {
      const manifest = JSON.parse(await readFile(join('packages', name, 'package.json'), 'utf8')) as {
        scripts?: { prepack?: string }
      }
      expect([name, manifest.scripts?.prepack]).toEqual([name, 'node ../../scripts/check-dist.mjs'])
    }
  })
})
