import { FiledepotError } from '@filedepot/core'
import type { Ledger } from '@filedepot/ledger'
import { keptOn } from '../extended-client.ts'

/**
 * The ledger of a client that is extended with `filedepot({ models, ledger: true })`.
 *
 * ```ts
 * import { UploadedFile } from '@filedepot/core'
 * import { filedepot, ledgerOf } from '@filedepot/prisma'
 * import type { PrismaClient } from './generated/prisma/client.ts'
 *
 * declare const client: PrismaClient
 * const prisma = client.$extends(filedepot({ models: { user: { avatar: UploadedFile } }, ledger: true }))
 *
 * // A step of the deployment, after the migrations.
 * await ledgerOf(prisma).install()
 * ```
 *
 * @throws FiledepotError `INVALID_ARGUMENT` if the client has no ledger
 */
export function ledgerOf(prisma: object): Ledger {
  const ledger = keptOn(prisma)?.ledger
  if (ledger) return ledger
  throw new FiledepotError(
    'INVALID_ARGUMENT',
    'The client has no ledger. Extend it with filedepot({ models, ledger: true }), and pass the extended client',
  )
}
