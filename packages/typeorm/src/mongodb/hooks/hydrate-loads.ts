import type { DepotManager } from '@filedepot/core'
import { bindManager, isUploadedFile } from '@filedepot/core/integration'
import type { EntityMetadata } from 'typeorm'
import { fileColumnsOf } from '../../column/file-column.ts'

type BroadcastLoad = (result: unknown, metadata: EntityMetadata, entities: readonly unknown[]) => void

/**
 * Lets loaded entities hold uploaded files. On MongoDB, TypeORM does not ask the transformers of columns when it loads,
 * and its versions make entities of documents in different ways. All of them then tell listeners and subscribers, by
 * this method of the query runner's broadcaster: so the files are there before anybody sees the entity.
 */
export function hydrateLoads(broadcaster: object, depot: DepotManager): void {
  const broadcasting = broadcaster as { broadcastLoadEvent: BroadcastLoad }
  const original = broadcasting.broadcastLoadEvent.bind(broadcaster)
  const broadcastLoadEvent: BroadcastLoad = (result, metadata, entities) => {
    for (const entity of entities) if (typeof entity === 'object' && entity) hydrate(entity, metadata, depot)
    original(result, metadata, entities)
  }
  Object.defineProperty(broadcaster, 'broadcastLoadEvent', { value: broadcastLoadEvent, configurable: true })
}

function hydrate(entity: object, metadata: EntityMetadata, depot: DepotManager): void {
  for (const column of fileColumnsOf(metadata)) {
    const stored = column.get(entity)
    if (stored === undefined || stored === null) continue
    // TypeORM 0.3 makes an entity twice, the second time of the first.
    if ([stored].flat().every(isUploadedFile)) continue
    const value = column.transformer.from(stored)
    for (const file of column.list(value)) if (isUploadedFile(file)) bindManager(file, depot)
    column.set(entity, value)
  }
}
