// Makes a fresh clone ready with nothing but Node and npm: installs with the pinned pnpm where the lockfile says
// something new, generates the Prisma clients, and with --build compiles what has changed. Does nothing, quickly, the
// second time.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
process.chdir(root)

const { engines, packageManager } = JSON.parse(readFileSync('package.json', 'utf8'))
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  fail(`expected Node ${engines.node}, got ${process.versions.node}`)
}

if (!isInstalled()) {
  console.log(`Installing the dependencies with ${packageManager} (the first time takes a minute or two) …`)
  const { status } = spawnSync('npx', ['-y', packageManager, 'install', '--frozen-lockfile'], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (status !== 0) fail('the dependencies could not be installed')
}

await import('./prisma-generate.mjs')

if (process.argv.includes('--build')) {
  execFileSync(process.execPath, ['scripts/build.mjs', '--changed'], { stdio: 'inherit' })
}

/** pnpm keeps a copy of the lockfile that it has installed. */
function isInstalled() {
  const installed = join('node_modules', '.pnpm', 'lock.yaml')
  return existsSync(installed) && readFileSync(installed, 'utf8') === readFileSync('pnpm-lock.yaml', 'utf8')
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
