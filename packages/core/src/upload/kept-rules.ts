import type { UploadOptions } from '../depot/depot-manager.ts'
import { stateOf } from './value-state.ts'
import type { UploadedFile } from './uploaded-file.ts'

/** The rules that a value was held against when it was stored. */
export interface KeptRules extends Pick<UploadOptions, 'maxSize' | 'validators'> {
  /** True for a value that named its storage itself: it stays there, whatever the column says. */
  readonly isPinned: boolean
  /** The name that the validators have seen. */
  readonly filename: string
}

/** Notes the rules that a value has passed, so that they are not checked again. */
export function noteKeptRules(
  value: UploadedFile,
  { maxSize, validators, isPinned }: Omit<KeptRules, 'filename'>,
): void {
  if (maxSize === undefined && !validators?.length && !isPinned) return
  stateOf(value).kept = { maxSize, validators, isPinned, filename: value.filename }
}

/** The rules that the value is known to keep to. */
export function keptRules(value: UploadedFile): KeptRules | undefined {
  return stateOf(value).kept
}
