import { FiledepotError } from '@filedepot/core'
import type { ChangeReport, RegenerateSettings } from '@filedepot/ledger'
import { keptOn } from '../extended-client.ts'
import { columnsOf } from '../fields/file-fields.ts'
import { ledgerOf } from './ledger-of.ts'

/** Options of {@link regenerateFiles}. */
export interface RegenerateFieldOptions extends RegenerateSettings {
  /** The property of the client, such as `user`. */
  readonly model: string
  readonly field: string
}

/**
 * Makes the files anew that the upload type and the filters of a field derive from an original, such as thumbnails after their
 * recipe has changed: `Ledger.regenerateFiles`, with what the field says. It needs a ledger. Other extensions do not see it.
 *
 * ```ts
 * import { UploadedFile } from '@filedepot/core'
 * import { filedepot, regenerateFiles } from '@filedepot/prisma'
 * import type { PrismaClient } from './generated/prisma/client.ts'
 *
 * declare const client: PrismaClient
 * const prisma = client.$extends(filedepot({ models: { user: { avatar: UploadedFile } }, ledger: true }))
 *
 * const { changed } = await regenerateFiles(prisma, { model: 'user', field: 'avatar' })
 * console.log(`${changed} values made anew`)
 * ```
 *
 * @throws MoveIncompleteError `MOVE_INCOMPLETE` if files could not be made; their rows stay as they are
 * @throws FiledepotError `INVALID_ARGUMENT` for a field that holds no files, and for a client without a ledger;
 *   `LEDGER_INCOMPLETE`, `LEDGER_BUSY`, `ABORTED`
 */
export async function regenerateFiles(
  prisma: object,
  { model, field, ...settings }: RegenerateFieldOptions,
): Promise<ChangeReport> {
  const ledger = ledgerOf(prisma)
  const fields = keptOn(prisma)?.fields ?? new Map<string, never>()
  const all = [...fields.values()].flatMap((ofModel) => [...ofModel.values()])
  const found = all.find(({ model: { property }, name }) => property === model && name === field)
  const [column] = found ? columnsOf(new Map([['', new Map([['', found]])]])) : []
  if (!found || !column) {
    const names = all.map(({ model: { property }, name }) => `${property}.${name}`).join(', ')
    throw new FiledepotError(
      'INVALID_ARGUMENT',
      `Expected model and field to name a field that holds files, one of ${names}, got ${model}.${field}`,
    )
  }
  const { type, upload } = found
  return await ledger.regenerateFiles({ ...settings, column, type, filters: upload.filters })
}
