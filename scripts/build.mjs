// Builds every package twice, ESM and CommonJS (for Jest's require and older tools), and the TypeScript examples.
// With --changed, only what is older than its sources.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
const run = (...args) => execFileSync(process.execPath, [tsc, ...args], { stdio: 'inherit' })
const onlyChanged = process.argv.includes('--changed')

const packages = projects('packages')
const examples = projects('examples')

if (!onlyChanged)
  for (const folder of [...packages, ...examples])
    rmSync(join(folder, 'dist'), { recursive: true, force: true })
run('-b', ...packages, ...examples)

for (const folder of packages) {
  const out = join(folder, 'dist', 'cjs')
  const stamp = join(out, 'package.json')
  if (existsSync(stamp) && newest(join(folder, 'src')) < statSync(stamp).mtimeMs) continue
  const asCommonJs = [
    '--module',
    'commonjs',
    '--moduleResolution',
    'bundler',
    '--verbatimModuleSyntax',
    'false',
  ]
  run('-p', folder, '--outDir', out, ...asCommonJs, '--composite', 'false', '--incremental', 'false')
  writeFileSync(stamp, '{ "type": "commonjs" }\n')
}

function projects(folder) {
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((path) => existsSync(join(path, 'tsconfig.json')))
}

function newest(folder) {
  const times = readdirSync(folder, { recursive: true }).map((name) => statSync(join(folder, name)).mtimeMs)
  return Math.max(...times)
}
