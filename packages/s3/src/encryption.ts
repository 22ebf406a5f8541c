/**
 * How the service encrypts the files, beyond what the bucket does by itself: with its own keys (`s3`), with one of its
 * key management (`kms`; default: the one that the service keeps for S3), or with one that only this program has
 * (`customer`, 32 bytes). Files of a customer's key are read through this program only: no URL can be signed for them.
 */
export type S3Encryption =
  | { readonly type: 's3' }
  | { readonly type: 'kms'; readonly keyId?: string | undefined }
  | { readonly type: 'customer'; readonly key: Uint8Array }

/** The key with every request that reads or writes bytes or metadata. */
export interface CustomerKey {
  readonly SSECustomerAlgorithm: 'AES256'
  readonly SSECustomerKey: string
}

interface ServerSideEncryption {
  readonly ServerSideEncryption: 'AES256' | 'aws:kms'
  readonly SSEKMSKeyId?: string | undefined
}

/** What a request says that stores an object. */
export function encryptionOf(encryption?: S3Encryption): ServerSideEncryption | CustomerKey | undefined {
  if (encryption?.type === 's3') return { ServerSideEncryption: 'AES256' }
  if (encryption?.type === 'kms') return { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: encryption.keyId }
  return customerKeyOf(encryption)
}

/** What every request says that concerns an object of a customer's key. */
export function customerKeyOf(encryption?: S3Encryption): CustomerKey | undefined {
  if (encryption?.type !== 'customer') return undefined
  // The SDK adds its MD5.
  return { SSECustomerAlgorithm: 'AES256', SSECustomerKey: Buffer.from(encryption.key).toString('base64') }
}
