import { FiledepotError } from '@filedepot/core'
import type { FileRows } from '@filedepot/ledger'
import { keptOn } from './extended-client.ts'

/**
 * The values of all file fields, for `verifyFiles` and `collectGarbage` of `@filedepot/ledger`: with a ledger or without one. They are
 * read by SQL, so that no other extension hides a row, such as a soft-deleted one.
 *
 * ```ts
 * import { depot, UploadedFile } from '@filedepot/core'
 * import { verifyFiles } from '@filedepot/ledger'
 * import { filedepot, fileRowsOf } from '@filedepot/prisma'
 * import type { PrismaClient } from './generated/prisma/client.ts'
 *
 * declare const client: PrismaClient
 * const prisma = client.$extends(filedepot({ models: { user: { avatar: UploadedFile } } }))
 *
 * const { dangling, orphaned } = await verifyFiles(depot, fileRowsOf(prisma))
 * console.log(`${dangling} rows without their file, ${orphaned} files without a row`)
 * ```
 *
 * @throws FiledepotError `INVALID_ARGUMENT` for a client that is not extended with `filedepot()`; `NOT_SUPPORTED` for another
 *   database than PostgreSQL, MySQL, MariaDB and SQLite
 */
export function fileRowsOf(prisma: object): FileRows {
  const kept = keptOn(prisma)
  if (kept) return kept.rows()
  throw new FiledepotError(
    'INVALID_ARGUMENT',
    'The client has no file fields. Extend it with filedepot({ models }), and pass the extended client',
  )
}
