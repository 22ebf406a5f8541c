import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandInput,
  type ListMultipartUploadsCommandOutput,
} from '@aws-sdk/client-s3'
import type { LeftoverOptions } from '@filedepot/core/backend'
import type { Bucket } from '../client/bucket.ts'
import { ID } from '../list-ids.ts'
import { codeOf, type S3Error } from '../client/s3-error.ts'

type PageMarker = Pick<ListMultipartUploadsCommandInput, 'KeyMarker' | 'UploadIdMarker'>

/** Aborts uploads in parts that were begun long ago, as a killed process leaves them. Their parts cost as files do. */
export async function sweepUploads(
  bucket: Bucket,
  prefix: string,
  { olderThan, after = '', signal }: LeftoverOptions,
): Promise<number> {
  let removed = 0
  let from: PageMarker | undefined = {}
  while (from) {
    const input: ListMultipartUploadsCommandInput = { Bucket: bucket.name, Prefix: prefix, ...from }
    const page = await pageOf(bucket, input, signal)
    if (!page) return removed
    for (const { Key = '', UploadId, Initiated } of page.Uploads ?? []) {
      const id = Key.slice(prefix.length)
      // What is not one of our files is another program's.
      if (!ID.test(id) || id <= after || !Initiated || +Initiated >= +olderThan) continue
      signal?.throwIfAborted()
      if (await abort(bucket, { Bucket: bucket.name, Key, UploadId })) removed++
    }
    const { IsTruncated, NextKeyMarker, NextUploadIdMarker } = page
    from =
      IsTruncated && NextKeyMarker !== undefined
        ? { KeyMarker: NextKeyMarker, ...(NextUploadIdMarker && { UploadIdMarker: NextUploadIdMarker }) }
        : undefined
  }
  return removed
}

/** `undefined` if the credentials, or the service, do not allow it. */
async function pageOf(
  bucket: Bucket,
  input: ListMultipartUploadsCommandInput,
  signal: AbortSignal | undefined,
): Promise<ListMultipartUploadsCommandOutput | undefined> {
  try {
    return await bucket.run(
      (client, options) => client.send(new ListMultipartUploadsCommand(input), options),
      signal,
    )
  } catch (error) {
    const { status = 0 } = error as Partial<S3Error>
    if ([403, 405, 501].includes(status)) return undefined
    throw error
  }
}

/** False if the upload has ended meanwhile. */
async function abort(
  bucket: Bucket,
  upload: { Bucket: string; Key: string; UploadId: string | undefined },
): Promise<boolean> {
  try {
    await bucket.run((client) => client.send(new AbortMultipartUploadCommand(upload)))
    return true
  } catch (error) {
    if (codeOf(error) === 'NoSuchUpload') return false
    throw error
  }
}
