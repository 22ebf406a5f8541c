import type { DepotManager } from '@filedepot/core'
import type { MongoDriver, MongoRunner } from '../../typeorm-internals.ts'
import type { FileUnits } from '../files/file-units.ts'
import { hydrateLoads } from './hydrate-loads.ts'

/** Runs an action for the one query runner of the driver, now if there is one, and each time that the driver connects. */
export function whenConnected(driver: MongoDriver, action: (queryRunner: MongoRunner) => void): void {
  const act = () => {
    if (driver.queryRunner) action(driver.queryRunner)
  }
  const connect = driver.connect.bind(driver)
  const connectAndAct = async () => {
    await connect()
    act()
  }
  Object.defineProperty(driver, 'connect', { value: connectAndAct, configurable: true })
  act()
}

/**
 * Gives each save a query runner of its own. TypeORM has one for all of them on MongoDB, and no events at their ends; but each
 * save asks for a query runner when it begins, and releases it when it ends, also if it fails. So each is given one that has
 * the shared one for its prototype.
 */
export function followSaves(driver: MongoDriver, units: FileUnits, depot: DepotManager): void {
  const createQueryRunner = driver.createQueryRunner.bind(driver)
  const create: typeof createQueryRunner = (mode) => {
    const shared = createQueryRunner(mode)
    return shared && ownRunner(shared, units, depot)
  }
  Object.defineProperty(driver, 'createQueryRunner', { value: create, configurable: true })
}

function ownRunner(shared: MongoRunner, units: FileUnits, depot: DepotManager): MongoRunner {
  const runner = Object.create(shared) as MongoRunner
  const Broadcaster = shared.broadcaster.constructor as new (runner: MongoRunner) => object
  const broadcaster = new Broadcaster(runner)
  hydrateLoads(broadcaster, depot)
  let { manager } = shared
  Object.defineProperties(runner, {
    // Events name the query runner, and are told from those of other saves by it.
    broadcaster: { value: broadcaster },
    data: { value: {}, writable: true },
    manager: {
      get: () => manager,
      set: (given: object) => {
        // A manager finds its query runner through the driver, which has the shared one.
        Object.defineProperty(given, 'mongoQueryRunner', { value: runner, configurable: true })
        manager = given
      },
    },
    release: { value: () => units.settle(runner), writable: true },
  })
  return runner
}
