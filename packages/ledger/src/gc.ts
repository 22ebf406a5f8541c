import { collect, type GarbageOptions, type GarbageReport } from './audit/collect-garbage.ts'
import { AT_ONCE, isThere } from './audit/file-ages.ts'
import { buryFiles } from './bury-files.ts'
import { copiesAmong } from './copies.ts'
import { isDeleted, type LedgerPlace } from './databases/sweep-database.ts'
import { inLanes } from './in-lanes.ts'
import { chosenStorages, runStep, type LedgerContext } from './ledger-context.ts'
import { ledgerRows } from './ledger-rows.ts'
import { claimStorage, expectOwner } from './storage-owner.ts'

/** @param recount counts the rows anew, and resolves with how many counts were wrong */
export async function gc(
  context: LedgerContext,
  options: GarbageOptions,
  recount: () => Promise<number>,
): Promise<GarbageReport> {
  const { database, depot } = context
  const storages = chosenStorages(depot, options.storages)
  for (const storage of storages)
    await (options.delete === true ? claimStorage : expectOwner)(context, storage)
  const repaired = await recount()
  const placesOf = (paths: readonly string[]) =>
    runStep(context, (session) => database.places(session, paths))
  const report = await collect(depot, ledgerRows(context), options, {
    looksAgain: true,
    // What was discarded is the business of drains, which know for how long it is kept.
    async garbageOf(paths, findings) {
      const others = new Set<string>()
      await inLanes(await placesOf(paths), AT_ONCE, async (place) => {
        // A drain may have deleted it since it was listed.
        const isBack =
          isDeleted(place) && (await findings.check(place.path, () => isThere(depot, place.path))) === true
        if (!isBack) others.add(place.path)
      })
      const left = paths.filter((path) => !others.has(path))
      for (const storage of storages) {
        const ids = left.filter((path) => path.startsWith(storage.path('')))
        const isUsed = (place: LedgerPlace) => !isDeleted(place)
        for (const id of await copiesAmong(context, storage, ids.map(idOf), isUsed))
          others.add(storage.path(id))
      }
      return left.filter((path) => !others.has(path))
    },
    async remove(paths) {
      for (const storage of storages) await expectOwner(context, storage)
      const deleted = new Set((await placesOf(paths)).filter(isDeleted).map(({ path }) => path))
      const again = paths.filter((path) => deleted.has(path))
      return await buryFiles(context, { unknown: paths.filter((path) => !deleted.has(path)), again })
    },
  })
  return { ...report, repaired }
}

function idOf(path: string): string {
  return path.slice(path.indexOf('/') + 1)
}
