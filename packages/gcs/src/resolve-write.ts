import { randomBytes } from 'node:crypto'
import { WriteUncertainError } from '@filedepot/core'
import type { Attempts } from './connections.ts'
import type { GcsApi } from './gcs-api.ts'
import { isMissingObject } from './gcs-error.ts'
import type { GcsObject, GcsObjectFields } from './object-metadata.ts'

/** The metadata by which an object says which write has made it. */
const MARK = 'filedepot-write'
const LOOK_UP_MS = 3_000

/** A new mark. */
export function newMark(): string {
  return randomBytes(12).toString('base64url')
}

/** Fields of an object with the mark of a write. */
export function marked(fields: GcsObjectFields, mark: string): GcsObjectFields {
  return { ...fields, metadata: { ...fields.metadata, [MARK]: mark } }
}

/** Nothing is known of any attempt yet. */
export function newAttempts(): Attempts {
  return { mayHaveArrived: false, isUnanswered: false }
}

/** A write that has failed, and how it is looked up. */
export interface FailedWrite {
  readonly api: GcsApi
  /** Of the object: `/storage/v1/b/…/o/…`. */
  readonly path: string
  readonly name: string
  readonly mark: string
  readonly attempts: Attempts
  readonly error: unknown
}

/**
 * Finds out what became of a write that has failed. Resolves with the object if it is there: then the write has succeeded,
 * and only its answer was lost.
 *
 * @throws the error, if nothing was stored; `WriteUncertainError` if that is not known
 */
export async function resolveWrite(write: FailedWrite): Promise<GcsObject> {
  const { name, mark, attempts, error } = write
  if (!attempts.mayHaveArrived) throw error
  const found = await lookUp(write).catch(() => 'unknown' as const)
  if (typeof found === 'object' && found.metadata?.[MARK] === mark) return found
  // What is not there may come: the service may have the bytes of a request that was given up.
  if (found !== 'unknown' && !attempts.isUnanswered) throw error
  throw new WriteUncertainError(name, { cause: error })
}

async function lookUp({ api, path }: FailedWrite): Promise<GcsObject | undefined> {
  try {
    // Without the signal of the write, which may be aborted.
    return await api.json<GcsObject>({ method: 'GET', path, signal: AbortSignal.timeout(LOOK_UP_MS) })
  } catch (error) {
    if (isMissingObject(error)) return undefined
    throw error
  }
}
