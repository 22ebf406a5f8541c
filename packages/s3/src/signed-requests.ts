import type { GetObjectCommandInput, PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import type { SignedUpload } from '@filedepot/core/backend'

/** Headers that say nothing of the file, or that the client's HTTP library sends by itself. */
const NOT_TO_SEND = /^(host|content-length|user-agent|x-amz-user-agent|x-amz-content-sha256|amz-sdk-.*)$/
/** What the SDK would have of a body that is not there: the checksum of no bytes at all. */
const CHECKSUMS = /^x-amz-(checksum-|sdk-checksum-)/

/** A URL that reads an object until it expires. */
export async function signGet(
  client: S3Client,
  input: GetObjectCommandInput,
  expiresIn: number,
): Promise<string> {
  const { getSignedUrl } = await import('@aws-sdk/s3-request-presigner')
  const command = new GetObjectCommand(input)
  command.middlewareStack.add(
    (next) => (args) => {
      dropChecksums(headersIn(args))
      return next(args)
    },
    { step: 'build', priority: 'low' },
  )
  return await getSignedUrl(client, command, { expiresIn })
}

/** A URL that stores an object, with all that it has to be as signed headers. */
export async function signPut(
  client: S3Client,
  input: PutObjectCommandInput,
  expiresIn: number,
): Promise<SignedUpload> {
  const { getSignedUrl } = await import('@aws-sdk/s3-request-presigner')
  const command = new PutObjectCommand(input)
  const headers: Record<string, string> = {}
  const signed = new Set<string>(['content-length'])
  command.middlewareStack.add(
    (next) => (args) => {
      const requested = headersIn(args)
      dropChecksums(requested)
      for (const [name, value] of Object.entries(requested)) {
        if (!NOT_TO_SEND.test(name)) headers[name] = value
      }
      // The presigner looks at the set when it signs, which is after this.
      for (const name of Object.keys(headers)) signed.add(name)
      return next(args)
    },
    { step: 'build', priority: 'low' },
  )
  // As headers and not in the URL, where not every service looks for them.
  const url = await getSignedUrl(client, command, {
    expiresIn,
    signableHeaders: signed,
    unhoistableHeaders: signed,
  })
  return { method: 'PUT', url, headers, fields: {} }
}

/** A form that stores an object, whose policy says how many bytes it may have. */
export async function signPost(
  client: S3Client,
  { Bucket = '', Key = '', ...object }: PutObjectCommandInput,
  {
    expiresIn,
    size,
    maxSize,
  }: { expiresIn: number; size?: number | undefined; maxSize?: number | undefined },
): Promise<SignedUpload> {
  const { createPresignedPost } = await import('@aws-sdk/s3-presigned-post')
  const limited = size !== undefined || maxSize !== undefined
  // It has an exact version of the client of its own, but only asks for the keys and the endpoint.
  const signer: unknown = client
  const { url, fields } = await createPresignedPost(signer as never, {
    Bucket,
    Key,
    Expires: expiresIn,
    Fields: fieldsOf(object),
    ...(limited && { Conditions: [['content-length-range', size ?? 0, size ?? maxSize ?? 0]] }),
  })
  return { method: 'POST', url, headers: {}, fields }
}

function fieldsOf(object: Partial<PutObjectCommandInput>): Record<string, string> {
  const fields: Record<string, string | undefined> = {
    'Content-Type': object.ContentType,
    'Content-Disposition': object.ContentDisposition,
    acl: object.ACL,
    'x-amz-storage-class': object.StorageClass,
    'x-amz-server-side-encryption': object.ServerSideEncryption,
    'x-amz-server-side-encryption-aws-kms-key-id': object.SSEKMSKeyId,
  }
  for (const [name, value] of Object.entries(object.Metadata ?? {})) fields[`x-amz-meta-${name}`] = value
  return Object.fromEntries(
    Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined),
  )
}

function headersIn(args: { request: unknown }): Record<string, string> {
  return (args.request as { headers: Record<string, string> }).headers
}

function dropChecksums(headers: Record<string, string>): void {
  for (const name of Object.keys(headers)) if (CHECKSUMS.test(name)) Reflect.deleteProperty(headers, name)
}
