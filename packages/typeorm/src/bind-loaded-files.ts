import { bindManager, UploadedFile, type DepotManager } from '@filedepot/core'
import type { DataSource } from 'typeorm'

/**
 * Lets the values that this data source loads find their files through the depot. From the first moment: listeners of an
 * entity, and the subscribers of the application, see it before our own subscriber does.
 */
export function bindLoadedFiles({ driver }: DataSource, depot: DepotManager): void {
  const hydrate = driver.prepareHydratedValue.bind(driver)
  const bind: typeof hydrate = (value, column) => {
    const hydrated: unknown = hydrate(value, column)
    if (column.transformer !== undefined) {
      for (const file of [hydrated].flat()) if (file instanceof UploadedFile) bindManager(file, depot)
    }
    return hydrated
  }
  Object.defineProperty(driver, 'prepareHydratedValue', { value: bind, configurable: true })
}
