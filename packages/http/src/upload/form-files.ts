import { UploadedFile, type UploadType } from '@filedepot/core'
import { malformed } from './upload-request.ts'

/** The entries of a form: a web `FormData`, and what has its `getAll`. */
export interface FormEntries {
  getAll(name: string): readonly (string | Blob)[]
}

/**
 * The files of a field of a `FormData`, as pending values: they are uploaded when their row is saved. What a browser
 * sends for an input in which nothing was chosen is left out.
 *
 * `FormData` has the whole form in memory: {@link receiveFiles} takes a request and has not.
 *
 * ```ts
 * import { formFiles } from '@filedepot/http'
 *
 * async function createRecipe(form: FormData, save: (recipe: object) => Promise<unknown>) {
 *   const [photo] = formFiles(form, 'photo')
 *   await save({ name: form.get('name'), photo })
 * }
 * ```
 *
 * @throws FiledepotError `MALFORMED_UPLOAD` where the field has a text
 */
export function formFiles(form: FormEntries, name: string, type: UploadType = UploadedFile): UploadedFile[] {
  return form.getAll(name).flatMap((entry) => {
    if (typeof entry === 'string') throw malformed(`Expected files in "${name}", got a text`)
    const isUnchosen = entry.size === 0 && (entry as { name?: unknown }).name === ''
    return isUnchosen ? [] : [UploadedFile.from.call(type, entry)]
  })
}
