import type { UploadedFile } from './uploaded-file.ts'
import type { UploadedFileData } from './uploaded-file-data.ts'

const FIELDS = [
  'storage',
  'id',
  'filename',
  'contentType',
  'declaredType',
  'size',
  'sha256',
  'uploadedAt',
  'files',
  'metadata',
] as const satisfies readonly (keyof UploadedFileData)[]

/**
 * What values without fields inherit: a getter instead of each field, which throws. Inherited, as to define ten
 * properties takes ten times as long as all the rest of a value.
 */
export class MissingFields {
  readonly #prototypes = new WeakMap<object, object>()
  readonly #fields: PropertyDescriptorMap & ThisType<UploadedFile>

  /** @param throwMissing called with the value when a field is read */
  constructor(throwMissing: (value: UploadedFile, field: string) => never) {
    this.#fields = Object.fromEntries(
      FIELDS.map((name) => {
        const get = function (this: UploadedFile): never {
          return throwMissing(this, name)
        }
        return [name, { get }]
      }),
    )
    // The clients of MySQL ask for it; without it they write `[object Object]`, or the fields as columns.
    this.#fields.toSqlString = {
      value(this: UploadedFile): never {
        return throwMissing(this, 'text')
      },
    }
  }

  /** The prototype of such values of an upload type. */
  prototypeOf(type: { readonly prototype: object }): object {
    let prototype = this.#prototypes.get(type)
    if (!prototype) {
      prototype = Object.create(type.prototype, this.#fields) as object
      this.#prototypes.set(type, prototype)
    }
    return prototype
  }
}
