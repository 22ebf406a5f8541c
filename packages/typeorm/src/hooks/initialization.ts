import type { DataSource } from 'typeorm'

/**
 * Runs an action at the end of each `initialize()`, which rejects with it. TypeORM has no event for that. This and
 * `destroy()` are the methods that are replaced for a ledger, on this data source only.
 */
export function whenInitialized(dataSource: DataSource, action: () => Promise<void>): void {
  const initialize = dataSource.initialize.bind(dataSource)
  const initializeAndAct = async () => {
    await initialize()
    try {
      await action()
    } catch (error) {
      await dataSource.destroy()
      throw error
    }
    return dataSource
  }
  Object.defineProperty(dataSource, 'initialize', { value: initializeAndAct, configurable: true })
}

/** Waits for an action at the beginning of each `destroy()`, while there are connections. It must not reject. */
export function beforeDestroyed(dataSource: DataSource, action: () => Promise<void>): void {
  const destroy = dataSource.destroy.bind(dataSource)
  const actAndDestroy = async () => {
    if (dataSource.isInitialized) await action()
    await destroy()
  }
  Object.defineProperty(dataSource, 'destroy', { value: actAndDestroy, configurable: true })
}

/** Runs an action each time that `initialize()` has built the metadata and the subscribers, before migrations run. */
export function whenMetadataBuilt(dataSource: DataSource, action: () => void): void {
  const internals = dataSource as unknown as { buildMetadatas(): Promise<void> }
  const buildMetadatas = internals.buildMetadatas.bind(dataSource)
  const buildAndAct = async () => {
    await buildMetadatas()
    action()
  }
  Object.defineProperty(dataSource, 'buildMetadatas', { value: buildAndAct, configurable: true })
}
