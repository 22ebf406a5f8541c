import { FiledepotError } from '@filedepot/core'
import { hasDatabaseCode } from './database-code.ts'
import type { LedgerClient } from './ledger-client.ts'

/** insufficient_privilege; ER_DBACCESS_DENIED, ER_TABLEACCESS_DENIED, ER_SPECIFIC_ACCESS_DENIED, ER_COLUMNACCESS_DENIED */
const DENIED = ['42501', '1044', '1142', '1143', '1227']
/** ER_BINLOG_CREATE_ROUTINE_NEED_SUPER */
const BINARY_LOG = ['1419']
/** read_only_sql_transaction; ER_OPTION_PREVENTS_STATEMENT, ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, ER_READ_ONLY_MODE */
const READ_ONLY = ['25006', '1290', '1792', '1836', 'SQLITE_READONLY', 'SQLITE_READONLY_DIRECTORY']

/** A client whose errors say what to do if the database does not let the ledger work. */
export function explainErrors(client: LedgerClient): LedgerClient {
  return {
    database: client.database,
    async session(action) {
      try {
        return await client.session(action)
      } catch (cause) {
        const reason = reasonOf(cause)
        if (reason === undefined || cause instanceof FiledepotError) throw cause
        const said = cause instanceof Error ? cause.message : String(cause)
        throw new FiledepotError('LEDGER_DENIED', `${reason} The database says: ${said}`, { cause })
      }
    },
  }
}

function reasonOf(error: unknown): string | undefined {
  if (hasDatabaseCode(error, READ_ONLY)) {
    return 'The ledger cannot write: expected a connection to a server that accepts writes, got a read-only one, such as a replica. Connect the ledger to the primary server.'
  }
  if (hasDatabaseCode(error, BINARY_LOG)) {
    return 'The ledger cannot create triggers, because the server keeps a binary log. Set log_bin_trust_function_creators = 1, or install the ledger as a user with SUPER.'
  }
  if (hasDatabaseCode(error, DENIED)) {
    return 'The database user lacks a right that the ledger needs. Install the ledger as the owner of the tables, or grant the right to create tables and triggers.'
  }
  return undefined
}
