import { PrismaInternals, type Where } from './prisma-internals.ts'
import { withKeys } from './schema/rows-by-key.ts'
import { parseFilePath } from '@filedepot/core'
import { expected } from '@filedepot/core/backend'
import type { Args, Result } from '@prisma/client/runtime/client'
import { fieldNamed, type FileField } from './fields/file-fields.ts'

/** A client as {@link findOwner} uses it. */
interface FindingClient {
  $queryRawUnsafe(statement: string, ...values: unknown[]): Promise<unknown>
}

type Find = (args: object) => Promise<unknown>

/**
 * Finds the row that holds a file in a field: as the file itself, as one of a list, or as a derived file such as a thumbnail.
 * `null` without such a row. It searches the rows that match `where`, so name there which rows the user may see.
 *
 * ```ts
 * import { depot, UploadedFile } from '@filedepot/core'
 * import { createFileHandler } from '@filedepot/http'
 * import { filedepot, findOwner } from '@filedepot/prisma'
 * import type { PrismaClient } from './generated/prisma/client.ts'
 *
 * declare const client: PrismaClient
 * const prisma = client.$extends(filedepot({ models: { user: { avatar: UploadedFile } } }))
 *
 * createFileHandler(depot, {
 *   authorize: async (request, file) => {
 *     const name = request.headers.get('x-user') ?? ''
 *     const user = await findOwner(prisma, 'user', 'avatar', file.path, { where: { name } })
 *     return user?.avatar ?? false
 *   },
 * })
 * ```
 *
 * It looks at each of these rows, unless the field has an index for it: see "An index for the rows of files" in the
 * documentation.
 *
 * @param client one that is extended with `filedepot()`, or that of a transaction of it
 * @param path `storage/id`, with the name of the storage itself, as values and the file handler have it
 * @param args those of `findFirst`
 * @throws FiledepotError `INVALID_ARGUMENT` if there is no such file field, and for an invalid path
 */
export async function findOwner<
  Client extends FindingClient,
  Model extends Exclude<keyof Client, `$${string}` | symbol>,
  const Found extends Args<Client[Model], 'findFirst'> = Args<Client[Model], 'findFirst'>,
>(
  client: Client,
  model: Model,
  field: string,
  path: string,
  args?: Found,
): Promise<Result<Client[Model], Found, 'findFirst'>> {
  parseFilePath(path)
  const internals = new PrismaInternals(client)
  const found = fieldNamed(internals.original, String(model), field)
  if (!found)
    throw expected(
      'field',
      'a file field of a client that is extended with filedepot()',
      `${String(model)}.${field}`,
    )
  const condition =
    internals.provider === 'sqlite'
      ? await rowsOnSqlite(client, found, path)
      : conditionOf(internals.provider, found, path)
  const { where = {}, ...others } = (args ?? {}) as { where?: object }
  // Prisma leaves such a condition out, so that everybody would see the row.
  for (const [name, condition] of Object.entries(where)) {
    if (condition === undefined) throw expected(`where.${name}`, 'a condition', condition)
  }
  if (!condition) return null as never
  const { findFirst } = client[model] as { findFirst: Find }
  return (await findFirst({ ...others, where: { AND: [where, condition] } })) as never
}

/** Each value lists its paths. */
function conditionOf(provider: string, { name, isList }: FileField, path: string): Where {
  if (isList) return { [name]: { array_contains: [{ files: [path] }] } }
  return { [name]: { path: provider === 'mysql' ? '$.files' : ['files'], array_contains: [path] } }
}

/** On SQLite, Prisma cannot ask what is in a list. */
async function rowsOnSqlite(
  client: FindingClient,
  { model, name, isList }: FileField,
  path: string,
): Promise<Where | undefined> {
  const columnOf = (field: string) => quoted(model.fields.get(field)?.column ?? field)
  // What is no JSON has no file.
  const json = `CASE WHEN json_valid(${columnOf(name)}) THEN ${columnOf(name)} END`
  const files = isList
    ? `json_each(${json}) AS one, json_each(CASE WHEN one.type = 'object' THEN one.value END, '$.files') AS file`
    : `json_each(${json}, '$.files') AS file`
  const keys = model.key.map((key, index) => `${columnOf(key)} AS key${index}`).join(', ')
  const text = `SELECT ${keys} FROM ${quoted(model.table)} WHERE EXISTS (SELECT 1 FROM ${files} WHERE file.value = ?)`
  const rows = (await client.$queryRawUnsafe(text, path)) as Where[]
  if (rows.length === 0) return undefined
  return withKeys(
    model,
    rows.map((row) => Object.fromEntries(model.key.map((key, index) => [key, row[`key${index}`]]))),
  )
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
