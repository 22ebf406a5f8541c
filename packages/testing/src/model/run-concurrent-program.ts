import { setTimeout } from 'node:timers/promises'
import { checkFiles, type LeftFiles } from './check-files.ts'
import type { ClientTransaction, ConcurrentProgram } from './program.ts'
import type { ConcurrentRowDriver, RowWriter } from './row-driver.ts'
import { runStep } from './run-step.ts'

/** What a transaction is rolled back with on purpose. */
class RolledBack extends Error {}

/** How the transactions of a program ended. */
export interface ConcurrentRun {
  committed: number
  rolledBack: number
  /** By a conflict with another client, a broken upload or a lost connection. */
  failed: number
}

/**
 * Runs the clients of a program at the same time. Which of them wins is not foretold: if two write the same row, one
 * may wait, or be refused by the database. But whatever came of them, afterwards every row has its own file, and every
 * file has its row.
 *
 * @throws AssertionError
 */
export async function runConcurrentProgram(
  { clients, kills }: ConcurrentProgram,
  driver: ConcurrentRowDriver,
  options: LeftFiles = {},
): Promise<ConcurrentRun> {
  const run: ConcurrentRun = { committed: 0, rolledBack: 0, failed: 0 }
  const running = clients.map((transactions, client) =>
    runClient(driver, transactions, `client ${client}`, run),
  )
  const killing = (async () => {
    for (const pause of kills) {
      await setTimeout(pause)
      await driver.kill?.()
    }
  })()
  await Promise.all([...running, killing])
  await driver.rows()
  await checkFiles(driver, options)
  return run
}

async function runClient(
  driver: ConcurrentRowDriver,
  transactions: readonly ClientTransaction[],
  name: string,
  run: ConcurrentRun,
): Promise<void> {
  let contents = 0
  const newContent = () => `${name}, content ${++contents}`
  for (const transaction of transactions) {
    try {
      await driver.transaction((rows) => runTransaction(driver, rows, transaction, newContent))
      run.committed++
    } catch (error) {
      if (error instanceof RolledBack) run.rolledBack++
      else run.failed++
    }
  }
}

async function runTransaction(
  driver: ConcurrentRowDriver,
  rows: RowWriter,
  { steps, savepoint, rolledBack }: ClientTransaction,
  newContent: () => string,
): Promise<void> {
  const inside = Math.min(savepoint?.last ?? 0, steps.length)
  for (const step of steps.slice(0, steps.length - inside)) await runStep(rows, step, newContent)
  if (savepoint) {
    const running = driver.savepoint(rows, async (inner) => {
      for (const step of steps.slice(steps.length - inside)) await runStep(inner, step, newContent)
      if (savepoint.rolledBack) throw new RolledBack('the savepoint')
    })
    await running.catch((error: unknown) => {
      if (!(error instanceof RolledBack)) throw error
    })
  }
  if (rolledBack) throw new RolledBack('the transaction')
}
