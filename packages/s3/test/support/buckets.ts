import {
  AbortMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3'
import { S3Backend, type S3BackendOptions } from '@filedepot/s3'
import { randomUUID } from 'node:crypto'
import type { S3Server } from './servers.ts'

/** The options by which a backend finds the server. */
export function optionsFor(
  server: S3Server,
  options: Partial<S3BackendOptions> = {},
): S3BackendOptions & { endpoint: string } {
  const { endpoint, region, credentials } = server
  return {
    bucket: `filedepot-${randomUUID()}`,
    endpoint,
    region,
    credentials,
    forcePathStyle: true,
    ...options,
  } as S3BackendOptions & { endpoint: string }
}

/** A backend on a bucket of its own, which is there. */
export async function backendOn(
  server: S3Server,
  options: Partial<S3BackendOptions> = {},
): Promise<S3Backend> {
  const made = optionsFor(server, options)
  await new S3Backend(optionsFor(server, { bucket: made.bucket })).ensureBucket()
  return new S3Backend(made)
}

/** A client of the SDK, past the backend. */
export function clientOf({ endpoint, region, credentials }: S3Server): S3Client {
  const checksums = 'WHEN_REQUIRED'
  return new S3Client({
    endpoint,
    region,
    credentials,
    forcePathStyle: true,
    requestChecksumCalculation: checksums,
    responseChecksumValidation: checksums,
  })
}

/** The uploads in a bucket that were begun and neither completed nor aborted. */
export async function openUploads(server: S3Server, bucket: string): Promise<string[]> {
  const client = clientOf(server)
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))
  client.destroy()
  return Uploads.map(({ Key = '' }) => `a part of ${Key}`)
}

/** Every key in a bucket. */
export async function keysIn(server: S3Server, bucket: string): Promise<string[]> {
  const client = clientOf(server)
  const keys: string[] = []
  let token: string | undefined
  do {
    const page = await client.send(new ListObjectsV2Command({ Bucket: bucket, ContinuationToken: token }))
    keys.push(...(page.Contents ?? []).map(({ Key = '' }) => Key))
    token = page.NextContinuationToken
  } while (token)
  client.destroy()
  return keys
}

/** Removes a bucket with all that is in it. */
export async function removeBucket(server: S3Server, bucket: string): Promise<void> {
  const client = clientOf(server)
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))
  for (const { Key, UploadId } of Uploads) {
    await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId }))
  }
  const keys = await keysIn(server, bucket)
  for (let start = 0; start < keys.length; start += 1000) {
    const Objects = keys.slice(start, start + 1000).map((Key) => ({ Key }))
    await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects } }))
  }
  await client.send(new DeleteBucketCommand({ Bucket: bucket }))
  client.destroy()
}
