import { checkPreconditions } from './preconditions.ts'
import { Refusal } from './refusal.ts'
import { makeObject, type ObjectFields, type StoredObject } from './stored-object.ts'

/** What the service says of a bucket. */
export interface BucketMetadata {
  kind: 'storage#bucket'
  name: string
  location: string
  storageClass: string
  iamConfiguration?: { uniformBucketLevelAccess?: { enabled?: boolean } }
}

/** A bucket: the objects that are there now, by name. */
export class Bucket {
  readonly metadata: BucketMetadata
  readonly #objects = new Map<string, StoredObject>()
  // As on the service, generations are times in microseconds, and those of one bucket ascend.
  #generation = BigInt(Date.now()) * 1000n

  constructor(metadata: BucketMetadata) {
    this.metadata = metadata
  }

  get name(): string {
    return this.metadata.name
  }

  /** In the order of the service: that of the bytes of UTF-8. */
  names(): string[] {
    return [...this.#objects.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  }

  find(name: string): StoredObject | undefined {
    return this.#objects.get(name)
  }

  /** The object that is there now, or, of a request for one generation, is that. */
  get(name: string, params = new URLSearchParams(), generationParam = 'generation'): StoredObject {
    const object = this.#objects.get(name)
    const generation = params.get(generationParam)
    if (!object || (generation !== null && generation !== object.metadata.generation)) {
      throw new Refusal(404, 'notFound', `No such object: ${this.name}/${name}`)
    }
    return object
  }

  /** Puts an object into its place at once, if the preconditions hold. */
  put(name: string, bytes: Buffer, fields: ObjectFields, params: URLSearchParams): StoredObject {
    if (name === '') throw new Refusal(400, 'required', 'Required parameter: name')
    checkPreconditions(params, this.find(name))
    const acl = params.get('predefinedAcl') ?? params.get('destinationPredefinedAcl')
    this.checkAcl(acl)
    const key = { bucket: this.name, name, generation: String(++this.#generation) }
    const object = makeObject(key, bytes, fields, acl === 'publicRead')
    this.#objects.set(name, object)
    return object
  }

  delete(name: string, params: URLSearchParams): void {
    checkPreconditions(params, this.get(name, params))
    this.#objects.delete(name)
  }

  /** Refuses access lists of single objects where the bucket has one rule for all. */
  checkAcl(acl: string | null): void {
    if (acl === null || !this.metadata.iamConfiguration?.uniformBucketLevelAccess?.enabled) return
    const message =
      'Cannot insert legacy ACL for an object when uniform bucket-level access is enabled. ' +
      'Read more at https://cloud.google.com/storage/docs/uniform-bucket-level-access'
    throw new Refusal(400, 'invalid', message)
  }
}

/** All buckets of the server. */
export class Buckets {
  readonly #buckets = new Map<string, Bucket>()

  create(fields: Partial<BucketMetadata>): Bucket {
    const { name } = fields
    if (name === undefined || !/^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/.test(name)) {
      throw new Refusal(400, 'invalid', `Invalid bucket name: '${String(name)}'`)
    }
    if (this.#buckets.has(name)) {
      const message = 'Your previous request to create the named bucket succeeded and you already own it.'
      throw new Refusal(409, 'conflict', message)
    }
    const bucket = new Bucket({
      kind: 'storage#bucket',
      location: 'US',
      storageClass: 'STANDARD',
      ...fields,
      name,
    })
    this.#buckets.set(name, bucket)
    return bucket
  }

  get(name: string): Bucket {
    const bucket = this.#buckets.get(name)
    if (!bucket) throw new Refusal(404, 'notFound', 'The specified bucket does not exist.')
    return bucket
  }
}
