import type { FileField, FileFields } from './file-fields.ts'
import { hydrate, type FilesHome } from './field-values.ts'

type Row = Readonly<Record<string, unknown>>

/** A field that an extension computes. */
interface ComputedField {
  readonly needs?: object
  readonly compute: (row: Row, ...others: unknown[]) => unknown
}

/** The `result` of an extension: the fields that it computes for each model, by the properties of the client. */
export type ComputedFields = Readonly<Record<string, Readonly<Record<string, ComputedField>> | undefined>>

/**
 * An extension whose computed fields get files. Prisma gives them what other extensions compute only if the query selects
 * that itself, and otherwise the JSON of the row.
 */
export function withFiles(
  home: FilesHome,
  fields: FileFields,
  extension: { readonly result?: ComputedFields },
): object {
  const { result } = extension
  if (typeof result !== 'object') return extension
  const wrapped = [...fields.values()].flatMap((ofModel) => {
    const [first] = ofModel.values()
    if (!first) return []
    const { property } = first.model
    const computed = { ...result.$allModels, ...result[property] }
    const withRows = Object.entries(computed).map(([name, field]) => [
      name,
      seeingFiles(home, ofModel, field),
    ])
    return withRows.length > 0 ? [[property, Object.fromEntries(withRows) as object]] : []
  })
  return { ...extension, result: { ...result, ...(Object.fromEntries(wrapped) as object) } }
}

type Extends = (this: unknown, extension: object) => object

/** `$extends` of an extended client: that of the client before it, and the fields that are computed see files. */
export function extendsWithFiles(
  { $extends }: { readonly $extends: Extends },
  home: FilesHome,
  fields: FileFields,
): Extends {
  return function (extension) {
    // What `defineExtension` has made: it calls this method with an object.
    if (typeof extension === 'function') return (extension as (client: unknown) => object)(this)
    return $extends.call(this, withFiles(home, fields, extension))
  }
}

function seeingFiles(
  home: FilesHome,
  files: ReadonlyMap<string, FileField>,
  field: ComputedField,
): ComputedField {
  const compute: ComputedField['compute'] = (row, ...others) =>
    field.compute(
      new Proxy(row, {
        get(target, name, receiver) {
          const file = typeof name === 'string' ? files.get(name) : undefined
          const value: unknown = Reflect.get(target, name, receiver)
          return file && value !== undefined ? hydrate(home, file, target) : value
        },
      }),
      ...others,
    )
  return { ...field, compute }
}
