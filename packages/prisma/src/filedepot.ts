import type { FileModels } from './fields/filedepot-options.ts'
import { extendClient } from './extension/extend-client.ts'
import type { ExtendableClient } from './prisma-internals.ts'
import type { CheckedOptions, FiledepotExtension } from './extension/extension-type.ts'

/**
 * An extension of Prisma's client by which files belong to rows: fields of type `Json` take pending
 * {@link UploadedFile}s and give stored ones, and their files live and die with the transactions that write them.
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
 * What extending throws: `INVALID_ARGUMENT` for a model, a field or an option that there is not, for a field that is not of type `Json`, and for
 * `nullable: false` of one that is `Json?`;
 * `NOT_SUPPORTED` for a client of a version of Prisma that is not known.
 */
export function filedepot<const Models extends FileModels>(
  options: CheckedOptions<Models>,
): FiledepotExtension<Models> {
  return ((client: ExtendableClient) =>
    extendClient(client, options)) as unknown as FiledepotExtension<Models>
}
