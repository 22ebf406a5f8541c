import type { GcsApi } from './gcs-api.ts'
import { GcsError, isMissingBucket } from './gcs-error.ts'

/** Options of {@link GcsBackend.ensureBucket}. */
export interface EnsureBucketOptions {
  /** Where the bytes are, for example `EU` or `EUROPE-WEST1`. @default 'US', as the service has it */
  location?: string
  /** That of its objects. @default 'STANDARD' */
  storageClass?: string
  /**
   * True gives the bucket one rule for all of its objects, false lets each have its access list.
   * @default true, unless `predefinedAcl` asks for access lists
   */
  uniformAccess?: boolean
}

/** Makes a bucket where it is missing. Resolves with true where it did. */
export async function ensureBucket(
  api: GcsApi,
  name: string,
  { location, storageClass, uniformAccess = true }: EnsureBucketOptions,
): Promise<boolean> {
  if (await exists(api, name)) return false
  const project = await api.storage.getProjectId()
  const body = {
    name,
    ...(location !== undefined && { location }),
    ...(storageClass !== undefined && { storageClass }),
    iamConfiguration: { uniformBucketLevelAccess: { enabled: uniformAccess } },
  }
  try {
    await api.json({ method: 'POST', path: '/storage/v1/b', params: { project }, body })
    return true
  } catch (error) {
    // Another has been faster: fine where it was one of us, and an error if the name is taken by a stranger.
    if (error instanceof GcsError && error.code === 409 && (await exists(api, name))) return false
    throw error
  }
}

async function exists(api: GcsApi, name: string): Promise<boolean> {
  try {
    await api.json({ method: 'GET', path: `/storage/v1/b/${encodeURIComponent(name)}` })
    return true
  } catch (error) {
    if (isMissingBucket(error)) return false
    throw error
  }
}
