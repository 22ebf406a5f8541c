import type { UploadType } from '@filedepot/core'
import type { FileFieldOptions, FileFieldSetting, FileModels } from './filedepot-options.ts'

/** What a field holds in results. */
export type FileFieldValue<Setting extends FileFieldSetting> =
  Setting extends UploadType<infer File>
    ? File | null
    : Setting extends readonly [UploadType<infer File>]
      ? File[] | null
      : Setting extends FileFieldOptions
        ? OfType<Setting['type']> | (Setting extends { readonly nullable: false } ? never : null)
        : never

type OfType<Type> =
  Type extends UploadType<infer File> ? File : Type extends readonly [UploadType<infer File>] ? File[] : never

/** What the extension puts into the place of Json fields. */
type FileResults<Models extends FileModels> = {
  [Model in keyof Models]: {
    [Field in keyof Models[Model]]: () => {
      needs: Record<Field, true>
      compute: (row: Readonly<Record<Field, unknown>>) => FileFieldValue<Models[Model][Field]>
    }
  }
}

/** Nothing else of the client has another type: `$transaction` is that of Prisma. */
type Nothing = Readonly<Partial<Record<symbol, never>>>

/** A client with the models and Json fields that were named. */
type ClientWith<Models extends FileModels> = {
  readonly [Model in keyof Models]: {
    readonly fields: { readonly [Field in keyof Models[Model]]: { readonly typeName: 'Json' } }
  }
}

/** What {@link filedepot} returns: for `$extends`. */
export type FiledepotExtension<Models extends FileModels> = (client: ClientWith<Models>) => {
  $extends: {
    extArgs: { result: FileResults<Models>; model: Nothing; query: Nothing; client: Nothing }
  }
}
