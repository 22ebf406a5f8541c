import { LocalBackend } from '@filedepot/core'

/** The storage that a test has made. */
export async function openBackend({ folder, s3 }) {
  if (folder) return new LocalBackend(folder)
  const { S3Backend } = await import('@filedepot/s3')
  return new S3Backend(s3)
}
