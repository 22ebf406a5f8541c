import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import type { Bucket } from './client/bucket.ts'

export const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The ids of the files under a prefix in ascending order, a page at a time. */
export async function* listIds(
  bucket: Bucket,
  prefix: string,
  after: string | undefined,
): AsyncGenerator<string> {
  let token: string | undefined
  do {
    const input = {
      Bucket: bucket.name,
      Prefix: prefix,
      // Keys of others can have characters that no XML can hold.
      EncodingType: 'url' as const,
      ContinuationToken: token,
      ...(after !== undefined && { StartAfter: prefix + after }),
    }
    const page = await bucket.run((client) => client.send(new ListObjectsV2Command(input)))
    for (const { Key = '' } of page.Contents ?? []) {
      const key = page.EncodingType === 'url' ? decodeKey(Key) : Key
      const id = key.slice(prefix.length)
      // What is not one of our files is another program's.
      if (ID.test(id)) yield id
    }
    token = page.IsTruncated ? page.NextContinuationToken : undefined
  } while (token !== undefined)
}

function decodeKey(key: string): string {
  return decodeURIComponent(key.replaceAll('+', ' '))
}
