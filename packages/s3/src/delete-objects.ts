import { DeleteObjectsCommand } from '@aws-sdk/client-s3'
import type { DeleteReport } from '@filedepot/core/backend'
import type { Bucket } from './client/bucket.ts'

const DELETES_AT_ONCE = 1000

/** Deletes the files under a prefix by their ids, a thousand with each request. */
export async function deleteObjects(
  bucket: Bucket,
  prefix: string,
  ids: readonly string[],
): Promise<DeleteReport> {
  const failed: { id: string; error: unknown }[] = []
  const unique = [...new Set(ids)]
  for (let start = 0; start < unique.length; start += DELETES_AT_ONCE) {
    try {
      failed.push(...(await deleteBatch(bucket, prefix, unique.slice(start, start + DELETES_AT_ONCE))))
    } catch (error) {
      // A service that is down, or that does not allow it, is not asked again for each of the others.
      failed.push(...unique.slice(start).map((id) => ({ id, error })))
      break
    }
  }
  return { failed }
}

async function deleteBatch(
  bucket: Bucket,
  prefix: string,
  ids: readonly string[],
): Promise<DeleteReport['failed']> {
  const Delete = { Quiet: true, Objects: ids.map((id) => ({ Key: prefix + id })) }
  const { Errors = [] } = await bucket.run((client) =>
    client.send(new DeleteObjectsCommand({ Bucket: bucket.name, Delete })),
  )
  return Errors.filter(({ Code }) => Code !== 'NoSuchKey').map(({ Key = '', Code = 'Unknown', Message }) => ({
    id: Key.slice(prefix.length),
    error: bucket.explain(Object.assign(new Error(Message ?? Code), { name: Code })),
  }))
}
