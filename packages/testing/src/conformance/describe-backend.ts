import type { StorageBackend } from '@filedepot/core'
import type { BackendSuiteOptions } from './backend-case.ts'
import { backendCases } from './backend-cases.ts'
import { runBackendCase } from './run-backend-case.ts'

/** The two functions of a test runner that the suite needs; those of Jest, Vitest, Mocha and `node:test` all fit. */
export interface TestRunner {
  readonly describe: (name: string, body: () => void) => unknown
  readonly it: (name: string, run: () => Promise<void>, timeoutMs: number) => unknown
}

/** Enough for 100 MiB to a service on another machine; Jest's own five seconds are not. */
const TIMEOUT_MS = 120_000

/**
 * Declares the conformance suite for a backend: one test for each promise of {@link StorageBackend}, each on a fresh
 * backend.
 *
 * ```ts
 * import { describe, it } from 'node:test'
 * import { MemoryBackend } from '@filedepot/core'
 * import { describeBackend } from '@filedepot/testing'
 *
 * describeBackend(
 *   'MemoryBackend',
 *   { create: () => new MemoryBackend(), holdsFilesInMemory: true },
 *   { describe, it },
 * )
 * ```
 */
export function describeBackend<Backend extends StorageBackend>(
  name: string,
  options: BackendSuiteOptions<Backend>,
  { describe, it }: TestRunner,
): void {
  const { additionalCases = [], holdsFilesInMemory = false } = options
  const cases = [...backendCases, ...additionalCases].filter(
    ({ constantMemory = false }) => !(constantMemory && holdsFilesInMemory),
  )
  describe(name, () => {
    for (const backendCase of cases) {
      it(backendCase.name, () => runBackendCase(backendCase, options), TIMEOUT_MS)
    }
  })
}
