import type { LedgerSession } from '../../clients/ledger-client.ts'

/** `PRAGMA synchronous`: each commit is on the disk from here on. */
const FULL = 2

/**
 * With `synchronous = NORMAL`, as `better-sqlite3` has it in WAL mode, a power failure takes back what was committed a moment ago.
 * A file must not be deleted before its mark is on the disk, and with it the commit that has given the file up: they are in
 * the same log.
 */
export async function commitDurably<T>(session: LedgerSession, action: () => Promise<T>): Promise<T> {
  const before = await levelOf(session)
  if (before >= FULL || !(await setLevel(session, FULL))) return await action()
  try {
    return await action()
  } finally {
    await setLevel(session, before)
  }
}

/** False if what is marked as gone may be lost in a power failure. */
export async function isDurable(session: LedgerSession): Promise<boolean> {
  const before = await levelOf(session)
  if (before >= FULL) return true
  return (await setLevel(session, FULL)) && (await setLevel(session, before))
}

async function levelOf(session: LedgerSession): Promise<number> {
  return Number((await session.query('PRAGMA main.synchronous'))[0]?.synchronous)
}

/** False within a transaction, such as the one that is a session of Prisma. */
async function setLevel(session: LedgerSession, level: number): Promise<boolean> {
  try {
    await session.query(`PRAGMA main.synchronous = ${level}`)
    return true
  } catch (error) {
    if (String(error).includes('inside a transaction')) return false
    throw error
  }
}
