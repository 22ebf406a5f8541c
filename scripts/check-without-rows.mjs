// Checks that everything which only the way without a ledger needs is in the folders rows/: deletes rows/, its import and the one line
// that chooses it in a copy of each ORM package, compiles the copy, and runs the package's tests of the ledger with it, on SQLite.
//
// Names of packages as arguments choose some of them. Whoever gives up that way one day does the same, and deletes what nothing uses any more.
import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const PACKAGES = [
  { name: 'typeorm', chooses: 'attach-depot.ts', project: 'typeorm 1.1, sqlite' },
  { name: 'prisma', chooses: 'extension/extend-client.ts', project: 'prisma, sqlite' },
]
const COMMENT = '// The one line that chooses to look at rows.'
/** But for tests of what is without a ledger, which have these words in their names. */
const OTHERS = '^(?!.*without (one|a ledger))'
const names = process.argv.slice(2)

for (const { name, chooses, project } of PACKAGES) {
  if (names.length > 0 && !names.includes(name)) continue
  // Within the package, so that its dependencies are found.
  const copy = join('packages', name, '.without-rows')
  try {
    rmSync(copy, { recursive: true, force: true })
    cpSync(join('packages', name, 'src'), join(copy, 'src'), { recursive: true })
    rmSync(join(copy, 'src', 'rows'), { recursive: true })
    removeChoice(join(copy, 'src', chooses))
    writeFileSync(
      join(copy, 'tsconfig.json'),
      JSON.stringify({
        extends: '../../../tsconfig.base.json',
        compilerOptions: { noEmit: true, composite: false, declaration: false, declarationMap: false },
        include: ['src'],
      }),
    )
    console.log(`@filedepot/${name} without rows/ is compiled …`)
    run('node_modules/typescript/bin/tsc', '-p', copy)
    console.log('… and tested with a ledger')
    run(
      'node_modules/jest/bin/jest.js',
      `packages/${name}/test/ledger`,
      '--selectProjects',
      project,
      '-t',
      OTHERS,
    )
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

function removeChoice(file) {
  const lines = readFileSync(file, 'utf8').split('\n')
  const choice = lines.findIndex((line) => line.trim().startsWith(COMMENT))
  const imports = lines.findIndex((line) => /from '(\.\.?\/)+rows\//.test(line))
  if (choice < 0 || imports < 0)
    throw new Error(`${file} does not import from rows/, or does not say "${COMMENT}"`)
  writeFileSync(file, lines.filter((_, index) => ![choice, choice + 1, imports].includes(index)).join('\n'))
}

function run(script, ...args) {
  const flags = ['--expose-gc', '--experimental-vm-modules', '--disable-warning=ExperimentalWarning']
  execFileSync(process.execPath, [...flags, script, ...args], {
    stdio: 'inherit',
    // Not as in CI, where no test may be left out.
    env: { ...process.env, CI: '', FILEDEPOT_TEST_SEED: '2026', FILEDEPOT_TEST_WITHOUT_ROWS: '1' },
  })
}
