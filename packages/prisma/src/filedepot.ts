import type { FileModels } from './fields/filedepot-options.ts'
import { extendClient } from './extension/extend-client.ts'
import type { ExtendableClient } from './prisma-internals.ts'
import type { CheckedOptions, FiledepotExtension } from './extension/extension-type.ts'

/**
 * Returns an extension for Prisma's client that stores the files of rows. Fields of type `Json` accept pending
 * {@link UploadedFile}s and return stored ones. A commit or rollback of their transaction also applies to their files.
 *
 * Add it before other extensions, so that it sees the values as they were written.
 *
 * ```ts
 * import { depot, LocalBackend, UploadedFile } from '@filedepot/core'
 * import { filedepot } from '@filedepot/prisma'
 * import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3'
 * import { PrismaClient } from './generated/prisma/client.ts'
 *
 * depot.configure('default', new LocalBackend('./uploads'))
 * const adapter = new PrismaBetterSqlite3({ url: 'file:./app.db' })
 * const prisma = new PrismaClient({ adapter }).$extends(filedepot({ models: { user: { avatar: UploadedFile } } }))
 *
 * const avatar = UploadedFile.from(Buffer.from('…'), { filename: 'me.png' })
 * const user = await prisma.user.create({ data: { name: 'Ada', avatar } })
 * console.log(user.avatar?.url)
 * ```
 *
 * `$extends` throws `INVALID_ARGUMENT` for an unknown model, field or option, for a field that is not of type `Json`, and for
 * `nullable: false` of a `Json?` field. It throws `NOT_SUPPORTED` for a client of an unsupported version of Prisma.
 */
export function filedepot<const Models extends FileModels>(
  options: CheckedOptions<Models>,
): FiledepotExtension<Models> {
  return ((client: ExtendableClient) =>
    extendClient(client, options)) as unknown as FiledepotExtension<Models>
}
