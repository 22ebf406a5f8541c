import type { DepotManager } from '@filedepot/core'
import type { DataSource, EntitySubscriberInterface } from 'typeorm'
import { FileEntities } from './file-entities.ts'
import { fromMetadata } from '../from-metadata.ts'
import { LoadedFiles } from '../column/loaded-files.ts'
import { collectionsWithFiles } from './collection-files.ts'
import { followWrites } from './document-writes.ts'
import { FileUnits } from './file-units.ts'
import { hydrateLoads } from './hydrate-loads.ts'
import type { MongoDriver } from './mongo-runner.ts'
import { MongoSubscriber } from './mongo-subscriber.ts'
import { refuseWrites } from './refuse-writes.ts'

/** What the data source has to keep, and to call when its metadata is built. */
export interface MongodbAttachment {
  readonly subscriber: EntitySubscriberInterface
  /** @throws FiledepotError `NOT_SUPPORTED` for file columns that TypeORM's driver cannot keep */
  readonly check: () => void
}

/**
 * Lets the files of a data source on MongoDB live and die with its documents.
 *
 * Everything that TypeORM does there ends in a method of one query runner, which the driver makes when it connects. Its
 * methods are replaced, on that object: the writes change one document at a time, by statements that answer
 * with the document as it was.
 */
export function attachMongodb(
  dataSource: DataSource,
  depot: DepotManager,
  maxWait: number,
): MongodbAttachment {
  const driver = dataSource.driver as unknown as MongoDriver
  const collections = fromMetadata(dataSource, collectionsWithFiles)
  const loaded = new LoadedFiles()
  const parts = { depot, loaded, maxWait }
  const units = new FileUnits(parts)
  const followRunner = () => {
    const { queryRunner } = driver
    if (!queryRunner) return
    followWrites(queryRunner, { ...parts, units, collections })
    refuseWrites(queryRunner, collections)
    hydrateLoads(queryRunner.broadcaster, depot)
  }
  const connect = driver.connect.bind(driver)
  const connectAndFollow = async () => {
    await connect()
    followRunner()
  }
  Object.defineProperty(driver, 'connect', { value: connectAndFollow, configurable: true })
  followRunner()
  units.follow(driver)

  const subscriber = new MongoSubscriber({ entities: new FileEntities(dataSource), loaded, units })
  return { subscriber: subscriber as EntitySubscriberInterface, check: () => void collections() }
}
