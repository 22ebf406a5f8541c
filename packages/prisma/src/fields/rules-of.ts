import type { UploadedFile, UploadType } from '@filedepot/core'
import { expected } from '@filedepot/core/backend'
import { columnRules, type ColumnRules } from '@filedepot/core/integration'
import { readSetting } from './file-fields.ts'
import type { FileFieldSetting, FileModels } from './filedepot-options.ts'

/** What a field holds: one file, or one of several. */
export type FileInField<Setting extends FileFieldSetting> =
  Setting extends UploadType<infer File>
    ? File
    : Setting extends readonly [UploadType<infer File>]
      ? File
      : Setting extends { readonly type: UploadType<infer File> | readonly [UploadType<infer File>] }
        ? File
        : UploadedFile

/**
 * The rules of a file field, for a form or for multer: what a form brings is then checked, derived and stored as the field
 * wants it before the row is written. It needs no client, only the models that {@link filedepot} is given.
 *
 * ```ts
 * import { allowTypes, UploadedFile } from '@filedepot/core'
 * import { receiveFiles } from '@filedepot/http'
 * import { rulesOf } from '@filedepot/prisma'
 *
 * const models = {
 *   user: {
 *     avatar: { type: UploadedFile, maxSize: 5_000_000, validators: [allowTypes('image/*')] },
 *     documents: [UploadedFile],
 *   },
 * } as const
 * // new PrismaClient({ adapter }).$extends(filedepot({ models }))
 *
 * async function receive(request: Request) {
 *   return await receiveFiles(request, {
 *     avatar: rulesOf(models, 'user', 'avatar'),
 *     documents: { ...rulesOf(models, 'user', 'documents'), maxFiles: 3 },
 *   })
 * }
 * ```
 *
 * A form takes at most 10 files for a list, unless you say another `maxFiles`. A field without `maxSize` leaves that of the
 * form, 10 MiB, in force.
 *
 * @throws FiledepotError `INVALID_ARGUMENT` if there is no such file field; the message lists those that there are
 */
export function rulesOf<
  const Models extends FileModels,
  Model extends keyof Models & string,
  Field extends keyof Models[Model] & string,
>(models: Models, model: Model, field: Field): ColumnRules<FileInField<Models[Model][Field]>> {
  const fields = own(models, model)
  if (!fields) throw expected('model', `one of ${Object.keys(models).join(', ')}`, model)
  const setting = own(fields, field)
  if (!setting) throw expected('field', `a file field of ${model} (${Object.keys(fields).join(', ')})`, field)
  const { type, isList, upload } = readSetting(`models.${model}.${field}`, setting)
  return columnRules(type as UploadType<FileInField<Models[Model][Field]>>, upload, isList)
}

/** Not what objects inherit: names may come from anywhere. */
function own<Value>(values: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined
}
