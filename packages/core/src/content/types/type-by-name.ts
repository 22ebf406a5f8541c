import { extname } from 'node:path'
import { lookup } from 'mime-types'
import { presentName } from './type-names.ts'

/**
 * Extensions that mean something else to people than to the register of types, or that it does not have. Source code
 * without a type of its own is plain text, which its bytes say.
 */
const CORRECTIONS = new Map<string, string | undefined>([
  ['.ts', undefined],
  ['.mts', undefined],
  ['.rs', undefined],
  ['.dart', undefined],
  ['.bat', undefined],
  ['.arw', 'image/x-sony-arw'],
  ['.cjs', 'text/javascript'],
  ['.cr2', 'image/x-canon-cr2'],
  ['.cr3', 'image/x-canon-cr3'],
  ['.cur', 'image/x-win-bitmap'],
  ['.db', undefined],
  ['.dng', 'image/x-adobe-dng'],
  ['.exe', 'application/vnd.microsoft.portable-executable'],
  ['.ftc', undefined],
  ['.gbr', undefined],
  ['.jsonl', 'application/jsonl'],
  ['.map', 'application/json'],
  ['.msi', 'application/x-msi'],
  ['.ndjson', 'application/x-ndjson'],
  ['.nef', 'image/x-nikon-nef'],
  ['.parquet', 'application/vnd.apache.parquet'],
  ['.pem', 'application/x-pem-file'],
  ['.py', 'text/x-python'],
  ['.skp', undefined],
  ['.sqlite', 'application/vnd.sqlite3'],
  ['.svgz', undefined],
  ['.tgz', 'application/gzip'],
  ['.vsdx', 'application/vnd.ms-visio.drawing'],
  ['.zst', 'application/zstd'],
])

/** The type that a name has by its extension. */
export function typeByName(filename: string): string | undefined {
  const extension = extname(filename).toLowerCase()
  if (CORRECTIONS.has(extension)) return CORRECTIONS.get(extension)
  // The table is an object, with the names that every object has.
  const type: unknown = lookup(extension)
  return typeof type === 'string' ? presentName(type) : undefined
}
