import type { InputJsonValue, JsonNullClass, skip } from '@prisma/client/runtime/client'
import type { UploadType } from '@filedepot/core'
import type {
  FileFieldOptions,
  FileFieldSetting,
  FileModels,
  FiledepotOptions,
} from '../fields/filedepot-options.ts'

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
  } & NotNull<NotNullFields<Models[Model]>>
}

/** The fields of a model that are said to be `Json` and not `Json?`. */
type NotNullFields<Fields> = {
  [Field in keyof Fields]: Fields[Field] extends { readonly nullable: false } ? Field : never
}[keyof Fields]

/**
 * A model whose fields take no `Prisma.DbNull`. What they hold does not tell, as JSON has a null of its own; the inputs do.
 * Prisma keeps its types under a symbol of its own.
 */
type NotNull<Field extends PropertyKey> = [Field] extends [never]
  ? unknown
  : Readonly<
      Record<
        symbol,
        {
          readonly types: {
            readonly operations: {
              readonly updateMany: {
                readonly args: { readonly data: Partial<Record<Field, FieldIsNotNullable>> }
              }
            }
          }
        }
      >
    >

/** What a field of type `Json` takes: a field of type `Json?` takes `Prisma.DbNull`, too, and is nullable. */
type FieldIsNotNullable = InputJsonValue | JsonNullClass | typeof skip | undefined

/** What {@link filedepot} returns: for `$extends`. */
export type FiledepotExtension<Models extends FileModels> = (client: ClientWith<Models>) => {
  $extends: {
    extArgs: { result: FileResults<Models>; model: Nothing; query: Nothing; client: Nothing }
  }
}

/** Options of {@link filedepot}. An option of a field that there is not does not compile, and the compiler names it. */
export type CheckedOptions<Models extends FileModels> = Omit<FiledepotOptions, 'models'> & {
  /** The fields of type `Json` that hold files. */
  readonly models: Models extends KnownOptions<Models> ? Models : KnownOptions<Models>
}

type KnownOptions<Models> = {
  readonly [Model in keyof Models]: {
    readonly [Field in keyof Models[Model]]: OptionsOf<Models[Model][Field]>
  }
}

type OptionsOf<Setting> = Setting extends UploadType | readonly unknown[]
  ? Setting
  : {
      readonly [Option in keyof Setting]: Option extends keyof FileFieldOptions
        ? FileFieldOptions[Option]
        : `'${Option & string}' is no option of a file field`
    }
