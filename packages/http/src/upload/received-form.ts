import type { DepotManager, UploadedFile } from '@filedepot/core'
import { discardFile } from './discard-file.ts'
import type { FileOf, FormRules } from './file-rules.ts'

/**
 * What a form has brought: its texts, and its files, which are stored and wait for their rows. A file has the type that the
 * rules of its field name.
 */
export class ReceivedForm<Rules extends FormRules = FormRules> implements AsyncDisposable {
  readonly #depot: DepotManager
  readonly #fields = new Map<string, string[]>()
  readonly #files = new Map<string, UploadedFile[]>()

  /** Made by {@link receiveFiles}. */
  constructor(depot: DepotManager) {
    this.#depot = depot
  }

  /** The text of a field, the first if there are several. */
  get(name: string): string | undefined {
    return this.getAll(name)[0]
  }

  /** All texts of a field. */
  getAll(name: string): readonly string[] {
    return this.#fields.get(name) ?? []
  }

  /**
   * The file of a field, the first if there are several; `undefined` if the user chose none. An ORM leaves a column alone
   * that is given `undefined`, so the row keeps the file that it has; write `?? null` to empty the column.
   */
  file<Name extends keyof Rules & string>(name: Name): FileOf<Rules[Name]> | undefined {
    return this.files(name)[0]
  }

  /** All files of the form, in a new array. */
  files(): UploadedFile[]
  /** All files of a field, in a new array. */
  files<Name extends keyof Rules & string>(name: Name): FileOf<Rules[Name]>[]
  files(name?: string): UploadedFile[] {
    if (name === undefined) return [...this.#files.values()].flat()
    return [...(this.#files.get(name) ?? [])]
  }

  /**
   * Deletes the files that no row refers to. Call it when the save has failed. Do not call it if you wrote a value into a row
   * without an integration, as plain JSON. Never rejects: the depot emits `deleteFailed` for files that it cannot delete.
   */
  async discard(): Promise<void> {
    await Promise.all(this.files().map((file) => discardFile(this.#depot, file)))
  }

  /** The same as {@link ReceivedForm.discard}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.discard()
  }

  /** For {@link receiveFiles}. */
  addField(name: string, text: string): void {
    append(this.#fields, name, text)
  }

  /** For {@link receiveFiles}. */
  addFile(name: string, file: UploadedFile): void {
    append(this.#files, name, file)
  }
}

function append<T>(map: Map<string, T[]>, name: string, value: T): void {
  const list = map.get(name)
  if (list) list.push(value)
  else map.set(name, [value])
}
