/** How the backends of services find the servers of the benchmarks, by kind. A function each, as one process needs one. */
const MAKERS = {
  async s3(endpoint) {
    const { S3Backend } = await import('@filedepot/s3')
    return new S3Backend(s3Options(endpoint))
  },
  async gcs(apiEndpoint) {
    const { GcsBackend } = await import('@filedepot/gcs')
    return new GcsBackend({ bucket: 'bench', projectId: 'bench', apiEndpoint })
  },
  async gridfs(uri) {
    const { GridFSBackend } = await import('@filedepot/gridfs')
    return new GridFSBackend({ uri, database: 'bench' })
  },
}

/** A backend of a kind, on the server at an address. */
export function openBackend(kind, address) {
  return MAKERS[kind](address)
}

export function s3Options(endpoint) {
  const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' }
  return { bucket: 'bench', region: 'us-east-1', endpoint, forcePathStyle: true, credentials }
}
