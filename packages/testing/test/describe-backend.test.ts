import { describe, expect, it } from '@jest/globals'
import { MemoryBackend, type StorageBackend } from '@filedepot/core'
import { backendCases, describeBackend, type BackendCase, type BackendSuiteOptions } from '@filedepot/testing'

const own: BackendCase = { name: 'has a case of its own', run: () => Promise.resolve() }

describe('describeBackend', () => {
  it('declares every case once, below the name', () => {
    const { groups, tests } = declared({})

    expect(groups).toEqual(['Tested'])
    expect(tests).toEqual(backendCases.map(({ name }) => name))
  })

  it('leaves out the cases on memory for a backend that holds its files there', () => {
    const { tests } = declared({ holdsFilesInMemory: true })

    const left = backendCases.filter(({ name }) => !tests.includes(name)).map(({ name }) => name)
    expect(left).toEqual(['stores and reads 100 MiB in no more than 40 MiB of memory'])
  })

  it('declares additional cases after its own', () => {
    const { tests } = declared({ additionalCases: [own] })

    expect(tests).toEqual([...backendCases.map(({ name }) => name), own.name])
  })

  it('runs each case on a backend of its own', async () => {
    const made: MemoryBackend[] = []
    const create = (): MemoryBackend => {
      const backend = new MemoryBackend()
      made.push(backend)
      return backend
    }
    const { runs } = declared({ create })

    await runs[0]!()
    await runs[1]!()

    expect(new Set(made).size).toBe(2)
  })
})

function declared(options: Partial<BackendSuiteOptions>): {
  groups: string[]
  tests: string[]
  runs: (() => Promise<void>)[]
} {
  const groups: string[] = []
  const tests: string[] = []
  const runs: (() => Promise<void>)[] = []
  describeBackend<StorageBackend>(
    'Tested',
    { create: () => new MemoryBackend(), ...options },
    {
      describe: (name, body) => {
        groups.push(name)
        body()
      },
      it: (name, run) => {
        tests.push(name)
        runs.push(run)
      },
    },
  )
  return { groups, tests, runs }
}
