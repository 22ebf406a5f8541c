import { MongoServerError, MongoServerSelectionError, type ClientSession, type Document } from 'mongodb'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bucket } from './connection.ts'
import {
  CONTENT_FIELDS,
  contentsOf,
  fileDocument,
  type FileDocument,
  type FileToCommit,
} from './file-document.ts'
import type { FileKey } from './file-key.ts'

/** What became of a commit. */
export type CommitOutcome =
  /** The file is the new one. */
  | {
      readonly state: 'committed'
      /** What it was, if it was and the server said so. */
      readonly replaced: FileDocument | undefined
      /** Where the bytes are that it had. */
      readonly replacedContents: readonly FileKey[]
    }
  /** The file is what it was, and stays so. */
  | { readonly state: 'failed'; readonly error: unknown }
  /** The outcome is unknown; the new bytes may belong to the file. */
  | { readonly state: 'unknown'; readonly error: unknown }

const DUPLICATE_KEY = 11000
const ATTEMPTS = 5
const LOOK_AGAIN_MS = 100

/**
 * Lets a file exist, or be another one: one update of one document, so a reader sees the old file or the new one,
 * and no transaction is needed.
 *
 * If the answer is lost, the session tells what happened: a later write of the same session is run when the first
 * one has ended, and a server refuses the first one after that.
 */
export async function commitFile({ client, files }: Bucket, file: FileToCommit): Promise<CommitOutcome> {
  const update = updateTo(fileDocument(file))
  return await client.withSession(async (session): Promise<CommitOutcome> => {
    for (let attempt = 1; ; attempt++) {
      try {
        const options = { upsert: true, returnDocument: 'before', session } as const
        const replaced = await files.findOneAndUpdate({ _id: file.key }, update, options)
        if (!replaced) return { state: 'committed', replaced: undefined, replacedContents: [] }
        return { state: 'committed', replaced, replacedContents: contentsOf(replaced) }
      } catch (error) {
        // Two that make the same file at once; the other one has made it.
        const isRace = error instanceof MongoServerError && error.code === DUPLICATE_KEY
        if (!isRace || attempt === ATTEMPTS) return await lookUp(files, file, session, error)
      }
    }
  })
}

/** The document instead of whatever is there, whose content it names. `$literal`, as a filename may be `$x`. */
function updateTo(document: FileDocument): Document[] {
  const wasThere = { $gte: ['$length', 0] }
  const replaced = {
    $cond: [wasThere, { $ifNull: ['$metadata.content', '$_id'] }, '$$REMOVE'],
  }
  const metadata = { $mergeObjects: [{ $literal: document.metadata }, { replaced }] }
  return [{ $replaceWith: { $mergeObjects: [{ $literal: document }, { metadata }] } }]
}

async function lookUp(
  files: Bucket['files'],
  { key, content }: FileToCommit,
  session: ClientSession,
  error: unknown,
): Promise<CommitOutcome> {
  // A write, though it changes nothing: reads do not wait for the writes of their session.
  const filter = { _id: key, 'metadata.content': content }
  const options = { projection: CONTENT_FIELDS, session }
  for (let attempt = 1; ; attempt++) {
    try {
      const found = await files.findOneAndUpdate(filter, { $unset: { 'metadata.none': '' } }, options)
      if (!found) return { state: 'failed', error }
      const { replaced } = found.metadata ?? {}
      const replacedContents = replaced === undefined ? [] : [replaced]
      return { state: 'committed', replaced: undefined, replacedContents }
    } catch (failure) {
      if (failure instanceof MongoServerSelectionError || attempt === ATTEMPTS)
        return { state: 'unknown', error }
      await sleep(LOOK_AGAIN_MS)
    }
  }
}

/** Restores the file after a commit that came too late. */
export async function takeBack(
  { files }: Bucket,
  { key, content }: FileToCommit,
  replaced: FileDocument | undefined,
): Promise<void> {
  const filter = { _id: key, 'metadata.content': content }
  await (replaced ? files.replaceOne(filter, replaced) : files.deleteOne(filter))
}
