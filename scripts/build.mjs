// Builds every package twice, as ESM and as CommonJS (for Jest's require and older tools), and the TypeScript examples.
// With --changed, only what is older than its sources.
//
// tsc makes the types and the CommonJS files, one for each source. The ESM files are bundled, a package in one file
// and what it loads later: Node needs most of a millisecond for each module, so this halves what an import costs.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
const run = (...args) => execFileSync(process.execPath, [tsc, ...args], { stdio: 'inherit' })
const onlyChanged = process.argv.includes('--changed')

const packages = projects('packages')
const examples = projects('examples')

if (!onlyChanged) {
  for (const folder of [...packages, ...examples])
    rmSync(join(folder, 'dist'), { recursive: true, force: true })
}
run('-b', ...packages, ...examples)

for (const folder of packages) {
  const stamp = join(folder, 'dist', 'cjs', 'package.json')
  if (existsSync(stamp) && newest(join(folder, 'src')) < statSync(stamp).mtimeMs) continue
  await buildEsm(folder)
  buildCommonJs(folder)
  writeFileSync(stamp, '{ "type": "commonjs" }\n')
}

async function buildEsm(folder) {
  const outdir = join(folder, 'dist', 'esm')
  for (const name of filesIn(outdir)) if (/\.js(\.map)?$/.test(name)) rmSync(join(outdir, name))
  const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const { outputFiles } = await build({
    entryPoints: Object.values(exports).flatMap((entry) => entry['@filedepot/source'] ?? []),
    absWorkingDir: join(process.cwd(), folder),
    outbase: 'src',
    outdir: 'dist/esm',
    bundle: true,
    splitting: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: true,
    write: false,
  })
  for (const { path, text } of outputFiles) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, path.endsWith('.js') ? withClassNames(text) : text)
  }
}

/**
 * esbuild writes `var Name = class _Name` for a class that names itself in its own body, so that errors, stacks and
 * `util.inspect` show `_Name`. Its option `keepNames` mends that, and adds a call for each function that is made at run time.
 */
function withClassNames(text) {
  const names = new Set([...text.matchAll(/^var (\w+) = class _\1\b/gm)].map(([, name]) => name))
  return text.replace(/\b_(\w+)\b/g, (word, name) => (names.has(name) ? name : word))
}

function buildCommonJs(folder) {
  const outDir = join(folder, 'dist', 'cjs')
  const asCommonJs = [
    '--module',
    'commonjs',
    '--moduleResolution',
    'bundler',
    '--verbatimModuleSyntax',
    'false',
  ]
  const alone = ['--composite', 'false', '--incremental', 'false', '--emitDeclarationOnly', 'false']
  run('-p', folder, '--outDir', outDir, ...asCommonJs, ...alone)
}

function projects(folder) {
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((path) => existsSync(join(path, 'tsconfig.json')))
}

function filesIn(folder) {
  return existsSync(folder) ? readdirSync(folder, { recursive: true }) : []
}

function newest(folder) {
  return Math.max(...filesIn(folder).map((name) => statSync(join(folder, name)).mtimeMs))
}
