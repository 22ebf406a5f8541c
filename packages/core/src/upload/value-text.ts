import { tiesOf } from './file-ties.ts'
import type { UploadedFile } from './uploaded-file.ts'

/**
 * The JSON text of a stored value, made once: a value never changes, and an ORM may ask for its text several times in each
 * save. For integrations.
 *
 * @throws FiledepotError `PENDING_FILE`
 */
export function textOf(value: UploadedFile): string {
  return (tiesOf(value).text ??= JSON.stringify(value))
}

/** The text that the value was read from is its text, also where it would be written in another way. For integrations. */
export function rememberText(value: UploadedFile, text: string): void {
  tiesOf(value).text = text
}
