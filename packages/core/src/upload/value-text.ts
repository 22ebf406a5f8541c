import { knownText, setKnownText } from './value-state.ts'
import type { UploadedFile } from './uploaded-file.ts'

/**
 * The JSON text of a stored value, made once: a value never changes, and an ORM may ask for its text several times in each
 * save. For integrations.
 *
 * @throws FiledepotError `PENDING_FILE`
 */
export function textOf(value: UploadedFile): string {
  const known = knownText(value)
  if (known !== undefined) return known
  const text = JSON.stringify(value)
  setKnownText(value, text)
  return text
}

/** The text that the value was read from is its text, also if it would be written in another way. For integrations. */
export function rememberText(value: UploadedFile, text: string): void {
  setKnownText(value, text)
}
