import { waitUpTo } from '@filedepot/core/integration'
import { ledgerIncomplete, type Ledger } from '@filedepot/ledger'

/**
 * How long writes wait for the check from its beginning, in milliseconds. In a transaction of the caller, the check may wait for the connection
 * that this one has. A row that is written before the check is over loses nothing: a ledger that is not complete deletes nothing.
 */
const PATIENCE = 2000

const FAILED = 'Cannot write files: the ledger of the database is incomplete'
const REMEDY = 'Run `await ledgerOf(prisma).install()` as a step of the deployment, after the migrations'

/** What checks the ledger at the first write of files, and again after a check that has failed. */
export function checkedOnce(ledger: Ledger): () => Promise<void> {
  let isDone = false
  let checking: Promise<void> | undefined
  let since = 0
  const check = async () => {
    try {
      const found = await ledger.check()
      if (!found.isReady) throw ledgerIncomplete(found, FAILED, REMEDY)
      isDone = true
    } finally {
      checking = undefined
    }
  }
  return async () => {
    if (isDone) return
    if (!checking) {
      checking = check()
      since = Date.now()
      // Nothing waits for it any more.
      checking.catch(() => undefined)
    }
    await waitUpTo(Math.max(since + PATIENCE - Date.now(), 0), checking)
  }
}
