import type { DepotManager } from '@filedepot/core'
import type { DataSource, EntitySubscriberInterface } from 'typeorm'
import { LoadedFiles } from '../column/loaded-files.ts'
import { whenMetadataBuilt } from '../hooks/initialization.ts'
import { checkDataSource, checkMongoRunner, fromMetadata, type MongoDriver } from '../typeorm-internals.ts'
import { collectionsWithFiles } from './files/collection-files.ts'
import { FileEntities } from './files/file-entities.ts'
import { FileUnits } from './files/file-units.ts'
import { followWrites } from './hooks/document-writes.ts'
import { hydrateLoads } from './hooks/hydrate-loads.ts'
import { followSaves, whenConnected } from './hooks/query-runners.ts'
import { refuseWrites } from './hooks/refuse-writes.ts'
import { MongoSubscriber } from './mongo-subscriber.ts'

/**
 * Lets the files of a data source on MongoDB live and die with its documents.
 *
 * Everything that TypeORM does there ends in a method of one query runner, which the driver makes when it connects. Its
 * methods are replaced, on that object: the writes change one document at a time, by statements that answer
 * with the document as it was.
 *
 * @throws FiledepotError `NOT_SUPPORTED` if this version of TypeORM is not known; of `initialize()`, for file columns that
 *   TypeORM's driver cannot keep
 */
export function attachMongodb(dataSource: DataSource, depot: DepotManager, maxWait = 5000): void {
  checkDataSource(dataSource)
  const driver = dataSource.driver as unknown as MongoDriver
  const collections = fromMetadata(dataSource, collectionsWithFiles)
  const loaded = new LoadedFiles()
  const parts = { depot, loaded, maxWait }
  const units = new FileUnits(parts)
  whenConnected(driver, (queryRunner) => {
    checkMongoRunner(queryRunner)
    followWrites(queryRunner, { ...parts, units, collections })
    refuseWrites(queryRunner, collections)
    hydrateLoads(queryRunner.broadcaster, depot)
  })
  followSaves(driver, units, depot)

  const subscriber = new MongoSubscriber({ entities: new FileEntities(dataSource), loaded, units })
  keepSubscribed(dataSource, subscriber as EntitySubscriberInterface)
  whenMetadataBuilt(dataSource, () => void collections())
}

/**
 * Adds a subscriber that stays. TypeORM makes the list anew in each `initialize()`, from classes only, when it builds the
 * metadata; so ours is added right after that. It comes last, and sees what the subscribers of the application did to an
 * entity. (A setter for the list would do the same, and make every access to the data source slower: V8 gives up the fast form
 * of an object when one of its properties becomes an accessor.)
 */
function keepSubscribed(dataSource: DataSource, subscriber: EntitySubscriberInterface): void {
  const add = () => {
    if (!dataSource.subscribers.includes(subscriber)) dataSource.subscribers.push(subscriber)
  }
  whenMetadataBuilt(dataSource, add)
  add()
}
