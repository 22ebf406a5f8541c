import { AbortedError, type DepotManager } from '@filedepot/core'
import { createHash } from 'node:crypto'
import type { Reference } from './compare-files.ts'

/** Why a file is not what its row says, or its storage if the row says nothing; `undefined` if it is. */
export async function checkBytes(
  depot: DepotManager,
  { path, size, sha256 }: Reference,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  try {
    const file = await depot.getFile(path)
    const hash = createHash('sha256')
    let length = 0
    for await (const chunk of (await file.stream(
      undefined,
      signal && { signal },
    )) as AsyncIterable<Uint8Array>) {
      hash.update(chunk)
      length += chunk.byteLength
    }
    const expected = { size: size ?? file.size, sha256: sha256 ?? file.sha256 }
    if (length !== expected.size) return `Expected ${expected.size} bytes, got ${length}`
    const got = hash.digest('hex')
    if (expected.sha256 === undefined || got === expected.sha256) return undefined
    return `Expected the SHA-256 ${expected.sha256}, got ${got}`
  } catch (error) {
    if (signal?.aborted === true) throw new AbortedError('The check of files', { cause: signal.reason })
    return error instanceof Error ? error.message : String(error)
  }
}
