import { crc32cOf, md5Of } from './checksums.ts'
import { Refusal } from './refusal.ts'

/** What a client says of an object that it makes or changes. */
export interface ObjectFields {
  contentType?: string
  contentDisposition?: string
  contentEncoding?: string
  cacheControl?: string
  storageClass?: string
  metadata?: Record<string, string | null>
  md5Hash?: string
  crc32c?: string
}

/** What the service says of an object. */
export interface ObjectMetadata extends ObjectFields {
  kind: 'storage#object'
  name: string
  bucket: string
  generation: string
  metageneration: string
  size: string
  md5Hash: string
  crc32c: string
  etag: string
  storageClass: string
  timeCreated: string
  updated: string
  metadata?: Record<string, string>
}

/** One generation of an object. */
export interface StoredObject {
  readonly bytes: Buffer
  metadata: ObjectMetadata
  /** Whether anyone may read it. */
  readonly isPublic: boolean
}

/** The fields that a client may set, and that a copy keeps. */
const SETTABLE = [
  'contentType',
  'contentDisposition',
  'contentEncoding',
  'cacheControl',
  'storageClass',
] as const

/** Makes the next generation; refuses where the bytes are not those that the client has named by a checksum. */
export function makeObject(
  { bucket, name, generation }: { bucket: string; name: string; generation: string },
  bytes: Buffer,
  fields: ObjectFields,
  isPublic: boolean,
): StoredObject {
  const checksums = { md5Hash: md5Of(bytes), crc32c: crc32cOf(bytes) }
  for (const which of ['md5Hash', 'crc32c'] as const) {
    const said = fields[which]
    if (said === undefined || said === checksums[which]) continue
    throw new Refusal(
      400,
      'invalid',
      `Provided ${which} "${said}" doesn't match calculated ${which} "${checksums[which]}".`,
    )
  }
  const now = new Date().toISOString()
  const metadata: ObjectMetadata = {
    kind: 'storage#object',
    name,
    bucket,
    generation,
    metageneration: '1',
    size: String(bytes.byteLength),
    ...checksums,
    etag: Buffer.from(generation).toString('base64'),
    storageClass: 'STANDARD',
    timeCreated: now,
    updated: now,
  }
  applyFields(metadata, fields)
  return { bytes, metadata, isPublic }
}

/** Changes an object's metadata as PATCH does: what is null goes, what is not named stays. */
export function patchObject(object: StoredObject, fields: ObjectFields): void {
  applyFields(object.metadata, fields)
  object.metadata.metageneration = String(Number(object.metadata.metageneration) + 1)
  object.metadata.updated = new Date().toISOString()
}

/** What a copy has of its source where the client says nothing else. */
export function fieldsOf({ metadata }: StoredObject): ObjectFields {
  const fields: ObjectFields = {}
  for (const name of SETTABLE) if (metadata[name] !== undefined) fields[name] = metadata[name]
  return { ...fields, ...(metadata.metadata && { metadata: metadata.metadata }) }
}

function applyFields(target: ObjectMetadata, fields: ObjectFields): void {
  for (const name of SETTABLE) if (fields[name] !== undefined) target[name] = fields[name]
  if (!fields.metadata) return
  const custom = new Map(Object.entries(target.metadata ?? {}))
  for (const [key, value] of Object.entries(fields.metadata)) {
    if (value === null) custom.delete(key)
    else custom.set(key, value)
  }
  delete target.metadata
  if (custom.size > 0) target.metadata = Object.fromEntries(custom)
}
