import { withFiles, type ComputedFields } from '../../fields/computed-fields.ts'
import type { FilesHome } from '../../fields/field-values.ts'
import type { FileFields } from '../../fields/file-fields.ts'

/** An extension of Prisma as far as it is looked at here. */
interface Extension {
  readonly query?: unknown
  readonly result?: ComputedFields
}

type Extends = (this: unknown, extension: object) => object

/** The extensions that are added to a client after ours. */
export class LaterExtensions {
  #seeWrites = false

  /**
   * True if one of them may stand between our hook and the database. Then the result of a write is what that one says, the
   * write may not have been sent at all, or something else in its place.
   */
  get seeWrites(): boolean {
    return this.#seeWrites
  }

  /**
   * `$extends` of the extended client: that of the client before it, and the fields that are computed see files.
   *
   * @param behind makes an extension that stands behind each of those that may change what is sent
   */
  extendsMethod(
    { $extends }: { readonly $extends: Extends },
    home: FilesHome,
    fields: FileFields,
    behind: () => object,
  ): Extends {
    const note = () => {
      this.#seeWrites = true
    }
    return function (extension) {
      // What `defineExtension` has made: it calls this method with an object.
      if (typeof extension === 'function') return (extension as (client: unknown) => object)(this)
      const extended = $extends.call(this, withFiles(home, fields, extension))
      if ((extension as Extension).query === undefined) return extended
      note()
      return $extends.call(extended, behind())
    }
  }
}
