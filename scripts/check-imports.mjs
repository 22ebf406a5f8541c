// Checks the map of the code, and that the check would see what it is for.
//
// First, that no import of packages/*/src goes upwards or in a circle: see .dependency-cruiser.mjs. Then, that each kind of rule fails
// on a file that breaks it: a small tree of such files for the imports, and a text for the rule of ESLint about TypeORM's methods.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { cruise } from 'dependency-cruiser'
import { ESLint } from 'eslint'
import config from '../.dependency-cruiser.mjs'

const found = await violationsOf(process.cwd())
for (const { rule, from, to } of found) console.error(`${rule.name}: ${from} imports ${to}`)
assert.equal(found.length, 0, 'imports go upwards or in a circle: see .dependency-cruiser.mjs')

const BREAKS = [
  { rule: 'circle', from: 's3/src/one', to: 's3/src/two', back: true },
  { rule: 'upward: typeorm/column', from: 'typeorm/src/column/one', to: 'typeorm/src/attach-depot' },
  {
    rule: 'upward: typeorm/mongodb/files',
    from: 'typeorm/src/mongodb/files/one',
    to: 'typeorm/src/mongodb/hooks/two',
  },
  { rule: 'upward: typeorm/ledger', from: 'typeorm/src/ledger/one', to: 'typeorm/src/find-owner' },
  {
    rule: 'upward: prisma/rows/reading',
    from: 'prisma/src/rows/reading/one',
    to: 'prisma/src/rows/writes/two',
  },
  { rule: 'upward: core', from: 'core/src/one', to: 'ledger/src/index' },
  { rule: 'upward: s3', from: 's3/src/one', to: 'gcs/src/index' },
  { rule: 'only one line chooses', from: 'typeorm/src/find-owner', to: 'typeorm/src/rows/reading/two' },
  { rule: 'only one line chooses', from: 'prisma/src/extension/other', to: 'prisma/src/rows/plan/two' },
  { rule: 'off the map: prisma', from: 'prisma/src/somewhere/one', to: 'prisma/src/schema/two' },
  { rule: 'off the map: typeorm', from: 'typeorm/src/index', to: 'typeorm/src/somewhere/two' },
]
for (const { rule, from, to, back = false } of BREAKS) {
  const folder = mkdtempSync(join(tmpdir(), 'filedepot-imports-'))
  try {
    write(folder, from, to)
    write(folder, to, back ? from : undefined)
    const names = (await violationsOf(folder)).map(({ rule: { name } }) => name)
    assert.ok(names.includes(rule), `${from} imports ${to}: expected "${rule}", got ${JSON.stringify(names)}`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const REPLACES = [
  'queryRunner.release = async () => {}',
  "Object.defineProperty(queryRunner, 'release', { value: async () => {} })",
  'Object.assign(queryRunner, { release: async () => {} })',
]
const eslint = new ESLint({ overrideConfig: { linterOptions: { reportUnusedDisableDirectives: 'off' } } })
for (const [folder, isRefused] of [
  ['rows/transaction/in-transaction.ts', true],
  ['rows/hooks/query-runners.ts', false],
]) {
  for (const statement of REPLACES) {
    const code = `import type { QueryRunner } from 'typeorm'\nexport function replace(queryRunner: QueryRunner): void {\n  ${statement}\n}\n`
    const [{ messages }] = await eslint.lintText(code, { filePath: `packages/typeorm/src/${folder}` })
    const says = messages.some(({ ruleId }) => ruleId === 'filedepot/no-replaced-methods')
    assert.equal(says, isRefused, `${statement} in ${folder}: ${JSON.stringify(messages)}`)
  }
}

async function violationsOf(baseDir) {
  const { forbidden, options } = config
  const { output } = await cruise(['packages'], {
    ...options,
    baseDir,
    validate: true,
    ruleSet: { forbidden },
  })
  return output.summary.violations
}

/** Writes a file that imports another one, of the same package or of its sources. */
function write(folder, path, imported) {
  const file = join(folder, 'packages', `${path}.ts`)
  mkdirSync(dirname(file), { recursive: true })
  const depth = path.split('/').length - 1
  const line = imported
    ? `import * as other from '${'../'.repeat(depth)}${imported}.ts'\nexport { other }\n`
    : 'export {}\n'
  writeFileSync(file, line)
}
