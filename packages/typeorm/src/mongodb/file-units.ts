import { FileUnit, type UnitParts } from './file-unit.ts'
import { hydrateLoads } from './hydrate-loads.ts'
import type { MongoDriver, MongoRunner } from './mongo-runner.ts'

/**
 * Gives each save a unit of files. TypeORM has one query runner for all of them on MongoDB, and no events at their ends;
 * but each save asks for a query runner when it begins, and releases it when it ends, also where it fails. So each is
 * given one of its own, which has the shared one for its prototype.
 */
export class FileUnits {
  readonly #parts: UnitParts
  readonly #units = new WeakMap<object, FileUnit>()

  constructor(parts: UnitParts) {
    this.#parts = parts
  }

  /** The unit of the save that has this query runner; begun when the first file asks for it. */
  of(runner: object): FileUnit {
    let unit = this.#units.get(runner)
    if (!unit) {
      unit = new FileUnit(this.#parts)
      this.#units.set(runner, unit)
    }
    return unit
  }

  /** The unit, where there is one. */
  get(runner: object): FileUnit | undefined {
    return this.#units.get(runner)
  }

  /** Lets the driver give each save a query runner of its own. */
  follow(driver: MongoDriver): void {
    const createQueryRunner = driver.createQueryRunner.bind(driver)
    const create: typeof createQueryRunner = (mode) => {
      const shared = createQueryRunner(mode)
      return shared && this.#own(shared)
    }
    Object.defineProperty(driver, 'createQueryRunner', { value: create, configurable: true })
  }

  #own(shared: MongoRunner): MongoRunner {
    const runner = Object.create(shared) as MongoRunner
    const Broadcaster = shared.broadcaster.constructor as new (runner: MongoRunner) => object
    const broadcaster = new Broadcaster(runner)
    hydrateLoads(broadcaster, this.#parts.depot)
    let { manager } = shared
    Object.defineProperties(runner, {
      // Events name the query runner, and are told from those of other saves by it.
      broadcaster: { value: broadcaster },
      data: { value: {}, writable: true },
      manager: {
        get: () => manager,
        set: (given: object) => {
          // A manager finds its query runner through the driver, where the shared one is.
          Object.defineProperty(given, 'mongoQueryRunner', { value: runner, configurable: true })
          manager = given
        },
      },
      release: { value: () => this.#release(runner), writable: true },
    })
    return runner
  }

  async #release(runner: MongoRunner): Promise<void> {
    const unit = this.#units.get(runner)
    this.#units.delete(runner)
    await unit?.settle()
  }
}
