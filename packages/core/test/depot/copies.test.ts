import { describe, expect, it, jest } from '@jest/globals'

describe('a depot without storages', () => {
  it('says so when there are several copies of this package, as bundles have them', async () => {
    const { DepotManager } = await import('../../src/depot/depot-manager.ts')
    expect(() => new DepotManager().get()).toThrow(
      /^No storage is configured\. Call .*\('\.\/uploads'\)\) first$/,
    )

    jest.resetModules()
    const copy = await import('../../src/depot/depot-manager.ts')

    expect(() => new copy.DepotManager().get()).toThrow(
      /loaded more than once in this process.*serverExternalPackages/,
    )
  })
})
