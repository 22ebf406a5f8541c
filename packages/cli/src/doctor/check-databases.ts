import type { Ledger } from '@filedepot/ledger'
import { first } from '../first.ts'
import { count, number } from '../format.ts'
import type { OpenConfig } from '../open-config.ts'
import type { OpenDatabase } from '../open-database.ts'
import type { Check } from './check.ts'
import { triggersCheck } from './triggers-check.ts'

/** Each database, and its ledger if it has one. */
export async function* checkDatabases(config: OpenConfig, signal: AbortSignal): AsyncGenerator<Check> {
  const names = config.databaseNames
  if (names.length === 0) {
    yield {
      about: 'database',
      state: 'warning',
      text: 'No database in the configuration',
      advice: 'Add database, so that rows and files can be compared.',
    }
  }
  for (const name of names) {
    signal.throwIfAborted()
    let database: OpenDatabase
    try {
      database = await config.databaseNamed(name)
      await firstRow(database)
    } catch (error) {
      yield {
        about: 'database',
        state: 'fault',
        text: `Database "${name}" cannot be read: ${(error as Error).message}`,
        advice: 'Look at its address, its user, and whether its tables are there.',
      }
      continue
    }
    yield { about: 'database', state: 'ok', text: `Database "${name}" answers` }
    if (database.ledger) yield* checkLedger(name, database.ledger)
    else {
      yield {
        about: 'ledger',
        state: 'warning',
        text: `Database "${name}" has no ledger`,
        advice:
          'What a crash leaves behind stays until "filedepot gc --delete". A ledger deletes it by itself.',
      }
    }
  }
}

/** Connecting alone does not show whether the tables are there. */
async function firstRow({ rows }: OpenDatabase): Promise<void> {
  await first(rows.values())
}

async function* checkLedger(name: string, ledger: Ledger): AsyncGenerator<Check> {
  try {
    const check = await ledger.check()
    yield triggersCheck(name, check)
    if (check.others.length > 0) {
      yield {
        about: 'triggers',
        state: 'warning',
        text: `Triggers of tables that are no columns of the configuration: ${check.others.join(', ')}`,
        advice:
          'Name these columns, too; or remove the triggers with "filedepot triggers --install --prune".',
      }
    }
    if (check.isCounted) yield* deletions(ledger)
  } catch (error) {
    yield {
      about: 'ledger',
      state: 'fault',
      text: `The ledger of "${name}" cannot be checked: ${(error as Error).message}`,
      advice:
        'If the tables are not there yet, run your migrations, and then "filedepot triggers --install".',
    }
  }
}

async function* deletions(ledger: Ledger): AsyncGenerator<Check> {
  const { used, waiting, failing, unreadable } = await ledger.stats()
  yield {
    about: 'files',
    state: 'ok',
    text: `${count(used, 'file')} in rows, ${number(waiting)} to be deleted`,
  }
  if (failing > 0) {
    yield {
      about: 'files',
      state: 'fault',
      text: `${count(failing, 'file')} could not be deleted`,
      advice:
        'Run "filedepot drain", and "filedepot show PATH" for the reason: docs/recovery.md, "Drain fails".',
    }
  }
  if (unreadable > 0) {
    yield {
      about: 'files',
      state: 'fault',
      text: `${count(unreadable, 'value')} of rows cannot be read, so nothing is deleted`,
      advice: 'Run "filedepot verify": it names the rows.',
    }
  }
}
