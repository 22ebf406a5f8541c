import { ObjectId } from 'mongodb'

/** The `_id` of a file: a UUID as text, or the `ObjectId` of a file that another program has stored. */
export type FileKey = string | ObjectId

const OBJECT_ID = /^[0-9a-f]{24}$/i
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The `_id` under which the file with an id is stored. */
export function keyOf(id: string): FileKey {
  return OBJECT_ID.test(id) ? new ObjectId(id) : id
}

/** The id of the file that is stored under an `_id`; `undefined` where it is none of ours. */
export function idOf(key: unknown): string | undefined {
  if (key instanceof ObjectId) return key.toHexString()
  return typeof key === 'string' && UUID.test(key) ? key : undefined
}

/** An `ObjectId` as text in its one spelling. */
export function parseObjectId(id: string): string | undefined {
  return OBJECT_ID.test(id) ? id.toLowerCase() : undefined
}
