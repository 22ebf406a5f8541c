import { execFile } from 'node:child_process'
import { copyFile, cp, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const CONSUMERS = join('test', 'consumers')
const { packageManager } = JSON.parse(await readFile('package.json', 'utf8')) as { packageManager: string }

/** Runs the pinned pnpm. */
async function pnpm(cwd: string, ...args: string[]): Promise<string> {
  return (await run('npx', ['-y', packageManager, ...args], { cwd })).stdout
}

/** Packs all packages, and says what each is to be installed from, by name. */
async function pack(folder: string): Promise<Record<string, string>> {
  const output = await pnpm('.', '--filter', './packages/*', 'pack', '--json', '--pack-destination', folder)
  // What the packages say before they are packed comes first.
  const packed = JSON.parse(output.slice(output.indexOf('['))) as { name: string; filename: string }[]
  return Object.fromEntries(packed.map(({ name, filename }) => [name, `file:${resolve(folder, filename)}`]))
}

/**
 * Copies applications of `test/consumers` into a folder, and installs the packed packages into them.
 *
 * @param only names of packages. @default all
 */
export async function installConsumers(
  folder: string,
  names: readonly string[],
  only?: readonly string[],
): Promise<void> {
  const tarballs = await pack(folder)
  const wanted = Object.entries(tarballs).filter(([name]) => only?.includes(name) ?? true)
  for (const name of names) {
    const application = join(folder, name)
    await cp(join(CONSUMERS, name), application, { recursive: true })
    const manifest = JSON.parse(await readFile(join(application, 'package.json'), 'utf8')) as Record<
      string,
      object
    >
    manifest.dependencies = { ...manifest.dependencies, ...Object.fromEntries(wanted) }
    await writeFile(join(application, 'package.json'), JSON.stringify(manifest))
  }
  // The packages depend on each other by version, and none is in a registry.
  const overrides = Object.entries(tarballs).map(([packed, file]) => `  '${packed}': '${file}'`)
  const workspace = [
    "packages: ['*']",
    'allowBuilds:',
    '  better-sqlite3: true',
    '  "@nestjs/core": false',
    '  "@prisma/engines": false',
    '  sharp: false',
    '  prisma: false',
    'overrides:',
    ...overrides,
  ]
  await writeFile(join(folder, 'pnpm-workspace.yaml'), [...workspace, ''].join('\n'))
  // The versions that are installed here: what was compiled for them is used again.
  await copyFile('pnpm-lock.yaml', join(folder, 'pnpm-lock.yaml'))
  await pnpm(folder, 'install', '--prefer-offline', '--no-frozen-lockfile')
}
