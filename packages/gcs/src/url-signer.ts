import type { File } from '@google-cloud/storage'
import { FiledepotError, type SignedUrlOptions } from '@filedepot/core'
import type { SignedUpload, SignedUploadOptions } from '@filedepot/core/backend'
import { fieldsOf, type GcsObjectFields } from './object-metadata.ts'
import type { GcsSettings } from './gcs-backend-options.ts'

const DEFAULT_SECONDS = 900
/** The most that a V4 signature allows. */
const MOST_SECONDS = 7 * 24 * 60 * 60

const CANNED: Readonly<Record<string, string>> = {
  authenticatedRead: 'authenticated-read',
  bucketOwnerFullControl: 'bucket-owner-full-control',
  bucketOwnerRead: 'bucket-owner-read',
  private: 'private',
  projectPrivate: 'project-private',
  publicRead: 'public-read',
}

/** A URL to read an object by; `disposition` is the whole header, or that of the object. */
export async function signRead(
  file: File,
  { expiresIn }: SignedUrlOptions,
  disposition: string | undefined,
): Promise<string> {
  const [url] = await file.getSignedUrl({
    version: 'v4',
    action: 'read',
    expires: expiryOf(expiresIn),
    ...(disposition !== undefined && { responseDisposition: disposition }),
  })
  return url
}

/** What an upload of an object needs that the service checks by itself: `PUT` by a signed URL, `POST` by a policy. */
export async function signUpload(
  file: File,
  options: SignedUploadOptions,
  settings: GcsSettings,
): Promise<SignedUpload> {
  const { filename = 'unnamed', contentType = 'application/octet-stream' } = options
  const fields = fieldsOf({ filename, contentType }, settings)
  // An access list that nobody asked for would be refused by a bucket with uniform bucket-level access.
  const acl = settings.aclIsDefault || settings.acl === undefined ? undefined : CANNED[settings.acl]
  return options.method === 'POST'
    ? await signPost(file, options, fields, acl)
    : await signPut(file, options, fields, acl)
}

async function signPut(
  file: File,
  { expiresIn, size }: SignedUploadOptions,
  { contentType, contentDisposition, storageClass, metadata }: GcsObjectFields,
  acl: string | undefined,
): Promise<SignedUpload> {
  const extensionHeaders: Record<string, string> = {
    'content-disposition': contentDisposition,
    // Once only: who has looked at the file is not shown another one later.
    'x-goog-if-generation-match': '0',
    ...(acl !== undefined && { 'x-goog-acl': acl }),
    ...(size !== undefined && { 'x-goog-content-length-range': `${size},${size}` }),
    ...(storageClass !== undefined && { 'x-goog-storage-class': storageClass }),
    ...prefixed(metadata),
  }
  const [url] = await file.getSignedUrl({
    version: 'v4',
    action: 'write',
    expires: expiryOf(expiresIn),
    contentType,
    extensionHeaders,
  })
  return { method: 'PUT', url, headers: { 'content-type': contentType, ...extensionHeaders }, fields: {} }
}

async function signPost(
  file: File,
  { expiresIn, size, maxSize }: SignedUploadOptions,
  { contentType, contentDisposition, storageClass, metadata }: GcsObjectFields,
  acl: string | undefined,
): Promise<SignedUpload> {
  const most = size ?? maxSize
  const limited = most !== undefined && most !== Infinity
  const [{ url, fields }] = await file.generateSignedPostPolicyV4({
    expires: expiryOf(expiresIn),
    conditions: limited ? [['content-length-range', size ?? 0, most]] : [],
    fields: {
      'Content-Type': contentType,
      'Content-Disposition': contentDisposition,
      ...(acl !== undefined && { acl }),
      ...(storageClass !== undefined && { 'x-goog-storage-class': storageClass }),
      ...prefixed(metadata),
    },
  })
  return { method: 'POST', url: withBucket(url, file.bucket.name), headers: {}, fields }
}

/** Of an endpoint that is not the default one, the client leaves out the bucket. */
function withBucket(url: string, bucket: string): string {
  const { origin, pathname } = new URL(url)
  return pathname === '/' && !url.includes(`//${bucket}.`) ? `${origin}/${bucket}/` : url
}

function prefixed(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).map(([key, value]) => [`x-goog-meta-${key}`, value]))
}

function expiryOf(seconds = DEFAULT_SECONDS): number {
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= MOST_SECONDS) return Date.now() + seconds * 1000
  throw new FiledepotError(
    'INVALID_ARGUMENT',
    `Expected expiresIn to be a whole number from 1 to ${MOST_SECONDS} (seven days), got ${String(seconds)}`,
  )
}
