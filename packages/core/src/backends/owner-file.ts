import type { StorageBackend } from '../backend.ts'
import { hasCode } from '../errors.ts'
import { collectBytes } from '../storage/collect-bytes.ts'

/** No UUID, so that no file has it, and no list shows it. */
const OWNER_ID = '.filedepot-owner'

/**
 * {@link StorageBackend.readOwner} for a backend that leaves out of its list what is no UUID: the owner is a small file
 * beside the others.
 *
 * ```ts
 * import type { StorageBackend } from '@filedepot/core'
 * import { readOwnerFile } from '@filedepot/core/backend'
 *
 * const readOwner = (backend: StorageBackend) => readOwnerFile(backend)
 * ```
 */
export async function readOwnerFile(backend: Pick<StorageBackend, 'read'>): Promise<string | undefined> {
  try {
    return (await collectBytes(await backend.read(OWNER_ID))).toString()
  } catch (error) {
    if (hasCode(error, 'FILE_NOT_FOUND')) return undefined
    throw error
  }
}

/**
 * {@link StorageBackend.writeOwner} for a backend that leaves out of its list what is no UUID.
 *
 * ```ts
 * import type { StorageBackend } from '@filedepot/core'
 * import { writeOwnerFile } from '@filedepot/core/backend'
 *
 * const writeOwner = (backend: StorageBackend, owner: string) => writeOwnerFile(backend, owner)
 * ```
 */
export async function writeOwnerFile(backend: Pick<StorageBackend, 'write'>, owner: string): Promise<void> {
  const bytes = Buffer.from(owner)
  const info = { filename: 'owner.txt', contentType: 'text/plain', sha256: undefined, metadata: {} }
  await backend.write(OWNER_ID, bytes, { ...info, size: bytes.byteLength }, {})
}
