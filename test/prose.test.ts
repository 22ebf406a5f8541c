import { describe, expect, it } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const FILE = 'packages/core/src/prose-test.ts'

function found(source: string): string[] {
  writeFileSync(join(root, FILE), source)
  try {
    const { stderr } = spawnSync(process.execPath, ['scripts/check-prose.mjs', FILE], {
      cwd: root,
      encoding: 'utf8',
    })
    return stderr.split('\n').filter((line) => line.startsWith(FILE))
  } finally {
    rmSync(join(root, FILE))
  }
}

describe('check-prose.mjs', () => {
  it('finds what docs/STYLE.md forbids in doc comments and error messages, on its line', () => {
    const lines = found(
      '/** Where nobody looks, the file stays. */\nexport const a = 1\nthrow new Error(`the file ${a} is on its way`)\n',
    )

    expect(lines).toEqual([
      `${FILE}:1: Where => if (or when)`,
      `${FILE}:1: nobody => the transaction, the client, the caller … (name the actor)`,
      `${FILE}:3: on its way => in progress`,
    ])
  })

  it('leaves code and good English alone', () => {
    expect(found('/** Returns the row of a file. */\nexport const where = { nobody: true }\n')).toEqual([])
  })
})
