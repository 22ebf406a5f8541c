import { HeadObjectCommand } from '@aws-sdk/client-s3'
import { WriteUncertainError } from '@filedepot/core'
import { randomBytes } from 'node:crypto'
import type { Bucket } from '../client/bucket.ts'
import type { CustomerKey } from '../encryption.ts'
import { isMissing } from '../client/s3-error.ts'
import type { WriteAttempts } from './write-attempts.ts'

/** The metadata by which an object says which write has made it. */
const MARK = 'x-depot-write'
const LOOK_UP_MS = 3_000

/** The object of a write, and how it is looked up. */
export interface WrittenObject {
  readonly bucket: Bucket
  readonly object: { readonly Bucket: string; readonly Key: string }
  readonly customerKey: CustomerKey | undefined
  /** True for the object of this write, and not for one that was there before. */
  readonly isIt: (found: FoundObject) => boolean
}

/** What is looked at of an object that is there. */
export interface FoundObject {
  readonly ETag?: string | undefined
  readonly Metadata?: Record<string, string> | undefined
}

/** A new mark. */
export function newMark(): string {
  return randomBytes(12).toString('base64url')
}

/** Metadata with the mark of a write. */
export function marked(metadata: Record<string, string> | undefined, mark: string): Record<string, string> {
  return { ...metadata, [MARK]: mark }
}

/** The mark of the write that has made an object, if it was one of ours. */
export function markOf({ Metadata }: FoundObject): string | undefined {
  return Metadata?.[MARK]
}

/**
 * Finds out what became of a write that has failed. Returns if the object is there: then the write has succeeded, and only
 * its answer was lost.
 *
 * @throws the error, if nothing was stored; `WriteUncertainError` if that is not known
 */
export async function resolveWrite(
  written: WrittenObject,
  { mayHaveArrived, isUnanswered }: Pick<WriteAttempts, 'mayHaveArrived' | 'isUnanswered'>,
  error: unknown,
): Promise<void> {
  if (!mayHaveArrived) throw error
  const isThere = await lookUp(written).catch(() => undefined)
  if (isThere) return
  // What is not there may come: the service may have the bytes of a request that was given up.
  if (isThere === false && !isUnanswered) throw error
  throw new WriteUncertainError(written.object.Key, { cause: error })
}

async function lookUp({ bucket, object, customerKey, isIt }: WrittenObject): Promise<boolean> {
  const input = { ...object, ...customerKey }
  try {
    // Without the signal of the write, which may be aborted.
    const found = await bucket.run(
      (client, options) => client.send(new HeadObjectCommand(input), options),
      AbortSignal.timeout(LOOK_UP_MS),
    )
    return isIt(found)
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}
