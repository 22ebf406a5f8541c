import { FileStorage, MemoryBackend, type StorageBackend } from '@filedepot/core'
import type { BackendCase, BackendSuiteOptions } from './backend-case.ts'

/**
 * Runs one case on a fresh backend, which is destroyed afterwards whatever happened.
 *
 * ```ts
 * import { MemoryBackend } from '@filedepot/core'
 * import { backendCases, runBackendCase } from '@filedepot/testing'
 *
 * for (const backendCase of backendCases.filter(({ name }) => name.includes('range'))) {
 *   await runBackendCase(backendCase, { create: () => new MemoryBackend() })
 * }
 * ```
 */
export async function runBackendCase<Backend extends StorageBackend>(
  backendCase: BackendCase,
  options: BackendSuiteOptions<Backend>,
): Promise<void> {
  const backend = await options.create()
  try {
    await backendCase.run({
      backend,
      storage: new FileStorage('tested', backend),
      other: new FileStorage('other', new MemoryBackend()),
      leftovers: async () => [...((await options.leftovers?.(backend)) ?? [])],
    })
  } finally {
    await options.destroy?.(backend)
  }
}
