import type { DataSource, EntityMetadata } from 'typeorm'

/**
 * What follows from the metadata of a data source, worked out when it is asked for first. The metadata is built when the
 * data source is initialised, and again each time it is.
 */
export function fromMetadata<T>(
  dataSource: DataSource,
  workOut: (metadatas: readonly EntityMetadata[]) => T,
): () => T {
  let known: { readonly metadatas: readonly EntityMetadata[]; readonly result: T } | undefined
  return () => {
    const { entityMetadatas: metadatas } = dataSource
    if (known?.metadatas !== metadatas) known = { metadatas, result: workOut(metadatas) }
    return known.result
  }
}
