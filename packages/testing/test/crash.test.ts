import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { FileStorage, LocalBackend } from '@filedepot/core'
import { killProgram, runCrashes, type CrashReport } from '@filedepot/testing/crash'
import { mkdtemp, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const PROGRAM = join(import.meta.dirname, 'support/crash-program.mjs')

let folder: string
let storage: FileStorage

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'filedepot-crash-'))
  await mkdir(join(folder, 'rows'))
  storage = new FileStorage('default', new LocalBackend(join(folder, 'files')))
})

afterEach(() => rm(folder, { recursive: true }))

const optionsOf = (order: string) => ({ rows: join(folder, 'rows'), files: join(folder, 'files'), order })

async function rows(): Promise<string[]> {
  const names = await readdir(join(folder, 'rows'))
  const paths = await Promise.all(names.map((name) => readFile(join(folder, 'rows', name), 'utf8')))
  // A row whose writing was cut off.
  return paths.filter((path) => path !== '')
}

async function files(): Promise<string[]> {
  const paths: string[] = []
  for await (const id of storage.list()) paths.push(storage.path(id))
  return paths
}

async function sweep(): Promise<void> {
  const wanted = new Set(await rows())
  for (const path of await files()) if (!wanted.has(path)) await storage.delete(path.slice('default/'.length))
}

function crash(order: string, recover: () => Promise<void>): Promise<CrashReport> {
  return runCrashes({
    program: PROGRAM,
    options: optionsOf(order),
    kills: 12,
    seed: 3,
    steps: 15,
    recover,
    rows,
    files,
  })
}

describe('runCrashes', () => {
  it('finds nothing if the program recovers', async () => {
    const report = await crash('right', sweep)

    expect(report).toMatchObject({ kills: 12, lost: [], leaked: [] })
    expect(Object.values(report.at).reduce((sum, count) => sum + count, 0)).toBe(12)
  })

  it('finds what is leaked if it does not', async () => {
    const { leaked, lost } = await crash('right', () => Promise.resolve())

    expect(lost).toEqual([])
    expect(leaked[0]).toEqual({
      path: expect.stringMatching(/^default\//) as unknown,
      at: expect.any(String) as unknown,
      seed: expect.any(Number) as unknown,
    })
  })

  it('finds what is lost if a file is deleted before its row', async () => {
    const { lost } = await crash('wrong', sweep)

    expect(lost.map(({ at }) => at).some((at) => /^(unlink|delete|random)/.test(at))).toBe(true)
  })
})

describe('killProgram', () => {
  it('counts the labels of a program that is not killed', async () => {
    const { isKilled, passed } = await killProgram({ program: PROGRAM, options: optionsOf('right'), seed: 1 })

    expect(isKilled).toBe(false)
    expect(passed['write:before']).toBe(passed['write:after'])
    expect(passed['write:during']).toBeGreaterThan(0)
    expect((await files()).length).toBeGreaterThan(0)
  })

  it('kills at the passing of a label, each time at the same one', async () => {
    const at = { label: 'row:before', passing: 2 }

    expect(
      await killProgram({ program: PROGRAM, options: optionsOf('right'), seed: 1, lanes: 1, at }),
    ).toEqual({
      isKilled: true,
      passed: {},
    })

    expect(await rows()).toHaveLength(1)
    expect(await files()).toHaveLength(2)
  })

  it('says why a program has failed by itself', async () => {
    await expect(killProgram({ program: PROGRAM, options: optionsOf('broken'), seed: 1 })).rejects.toThrow(
      'the database is away',
    )
  })
})
