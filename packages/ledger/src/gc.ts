import { collect, type GarbageOptions, type GarbageReport } from './audit/collect-garbage.ts'
import { buryFiles } from './bury-files.ts'
import type { LedgerPlace } from './databases/sweep-database.ts'
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
    async garbageOf(paths) {
      const known = (await placesOf(paths)).filter((place) => !isOver(place))
      const others = new Set(known.map(({ path }) => path))
      return paths.filter((path) => !others.has(path))
    },
    async remove(paths) {
      for (const storage of storages) await expectOwner(context, storage)
      const isDeleted = new Set((await placesOf(paths)).filter(isOver).map(({ path }) => path))
      const again = paths.filter((path) => isDeleted.has(path))
      return await buryFiles(context, { unknown: paths.filter((path) => !isDeleted.has(path)), again })
    },
  })
  return { ...report, repaired }
}

/** True if the file was deleted. It may be there again, as it came late or from a backup. */
function isOver({ isGone, discardedAt }: LedgerPlace): boolean {
  return isGone && discardedAt === undefined
}
