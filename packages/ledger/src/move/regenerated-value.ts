import type { JsonValue, UploadedFile } from '@filedepot/core'
import { movedText } from './moved-value.ts'

/** A value whose derived files were made anew. */
interface RegeneratedValue {
  readonly json: unknown
  /** The files of the value. */
  readonly files: readonly string[]
  /** New files that it does not need. */
  readonly spare: readonly string[]
}

/**
 * What stands in the place of a value, of which another one was made: the original stays if its bytes have come out the same, as
 * do its name, its time, and the metadata that somebody has given it. What was derived is new.
 */
export function regeneratedValue(old: UploadedFile, made: UploadedFile): RegeneratedValue {
  const isSame = old.sha256 !== undefined && old.sha256 === made.sha256 && old.size === made.size
  const text = JSON.stringify({
    ...made.toJSON(),
    ...(old.declaredType !== undefined && { declaredType: old.declaredType }),
    // Of the same bytes somebody may have said what they are.
    ...(isSame && { contentType: old.contentType }),
    uploadedAt: old.uploadedAt.toISOString(),
    metadata: { ...ownMetadata(old), ...made.metadata },
  })
  if (!isSame) return { json: JSON.parse(text), files: made.files, spare: [] }
  return {
    json: JSON.parse(movedText(text, [{ from: made.path, to: old.path }])),
    files: [old.path, ...made.files.filter((path) => path !== made.path)],
    spare: [made.path],
  }
}

/** Without what names derived files. */
function ownMetadata({ path, files, metadata }: UploadedFile): UploadedFile['metadata'] {
  const derived = files.filter((file) => file !== path)
  const names = new Set(derived.flatMap((file) => [file, file.slice(file.indexOf('/') + 1)]))
  return Object.fromEntries(Object.entries(metadata).filter(([, value]) => !mentions(value, names)))
}

function mentions(json: JsonValue, names: ReadonlySet<string>): boolean {
  if (typeof json === 'string') return names.has(json)
  if (typeof json !== 'object' || json === null) return false
  return Object.values(json).some((inner: JsonValue) => mentions(inner, names))
}
