import type { S3BackendOptions } from './s3-backend-options.ts'

/** The URL by which anyone can read an object, if the options say that there is one. */
export function publicUrlOf(options: S3BackendOptions, key: string): string | undefined {
  const base = options.publicUrl ?? urlOfBucket(options)
  const path = key.split('/').map(encodeURIComponent).join('/')
  return base === undefined ? undefined : `${base.replace(/\/$/, '')}/${path}`
}

/** Only where everybody may read the files, and where the service is known without asking. */
function urlOfBucket(options: S3BackendOptions): string | undefined {
  const { acl, bucket, forcePathStyle } = options
  if (acl !== 'public-read' && acl !== 'public-read-write') return undefined
  // As the client of AWS finds it. What stands in its configuration files could only be read asynchronously.
  const region = options.region ?? process.env.AWS_REGION
  const endpoint = options.endpoint ?? (region && `https://s3.${region}.amazonaws.com`)
  if (!endpoint) return undefined
  const url = new URL(endpoint)
  if (forcePathStyle) url.pathname = `${url.pathname.replace(/\/$/, '')}/${bucket}`
  else url.host = `${bucket}.${url.host}`
  return url.href
}
