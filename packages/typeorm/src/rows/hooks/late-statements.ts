import type { QueryRunner } from 'typeorm'
import { isConnectionLost } from '../../typeorm-internals.ts'
import { tooLate, type RunnerEnds } from '../transaction/transaction-ends.ts'
import type { RunnerTransactions } from '../transaction/transactions.ts'
import type { TransactionWrites } from '../transaction/transaction-writes.ts'

type Query = (
  this: QueryRunner,
  sql: string,
  parameters?: unknown,
  useStructuredResult?: unknown,
) => Promise<unknown>

const TO_SAVEPOINT = 'ROLLBACK TO SAVEPOINT typeorm_'
const RELEASE = 'RELEASE SAVEPOINT typeorm_'
/** What would commit itself after a transaction, or begin another one in it. Asked of late statements only. */
const WRITES = /^\s*(?:BEGIN|CALL|DELETE|INSERT|MERGE|REPLACE|SAVEPOINT|START|TRUNCATE|UPDATE|WITH)\b/i

/** What {@link refuseLateStatements} needs to know. */
export interface LateStatementParts {
  readonly ends: RunnerEnds
  readonly writes: TransactionWrites
  readonly transactions: RunnerTransactions
}

/**
 * Refuses statements that come to a query runner after the COMMIT or ROLLBACK of their transaction. All ways of writing
 * that TypeORM has end in its `query`, and so does the end of a transaction itself.
 */
export function refuseLateStatements(parts: LateStatementParts): (queryRunner: QueryRunner) => void {
  const { ends, writes } = parts
  const guards = new WeakMap<Query, Query>()
  const guarded = (original: Query): Query =>
    function (this: QueryRunner, sql, parameters, useStructuredResult) {
      const kind = endIn(sql)
      if (kind) return end(parts, this, kind, () => original.call(this, sql, parameters, useStructuredResult))
      if ((writes.isLate(this) || ends.isTooLate(this)) && WRITES.test(sql)) return Promise.reject(tooLate())
      return original.call(this, sql, parameters, useStructuredResult)
    }
  return (queryRunner) => {
    ends.made(queryRunner)
    const { query: original } = queryRunner as { query: Query }
    let guard = guards.get(original)
    if (!guard) guards.set(original, (guard = guarded(original)))
    queryRunner.query = guard as QueryRunner['query']
  }
}

/** The end of a transaction, or of a savepoint, that a statement is. */
interface EndStatement {
  readonly isWhole: boolean
  readonly isCommit: boolean
}

const COMMIT: EndStatement = { isWhole: true, isCommit: true }
const ROLLBACK: EndStatement = { isWhole: true, isCommit: false }
const OF_SAVEPOINT: EndStatement = { isWhole: false, isCommit: false }
const [C, R] = ['C', 'R'].map((letter) => letter.charCodeAt(0))

/** Looks at one letter of most statements, as every one of a data source comes by here. */
function endIn(sql: string): EndStatement | undefined {
  const first = sql.charCodeAt(0)
  if (first === C) return sql === 'COMMIT' ? COMMIT : undefined
  if (first !== R) return undefined
  if (sql === 'ROLLBACK') return ROLLBACK
  return sql.startsWith(TO_SAVEPOINT) || sql.startsWith(RELEASE) ? OF_SAVEPOINT : undefined
}

/** Without a promise of its own for each step, as every transaction ends here, also one without files. */
function end(
  parts: LateStatementParts,
  queryRunner: QueryRunner,
  { isWhole, isCommit }: EndStatement,
  send: () => Promise<unknown>,
): Promise<unknown> {
  const { ends, writes } = parts
  const ending = ends.begin(queryRunner, isWhole)
  const prepare = () => {
    if (isWhole) writes.ended(queryRunner)
    return isCommit ? beforeCommit(parts, queryRunner) : undefined
  }
  return then(
    // Those that have come since TypeORM's event. Nothing more begins now.
    () => writes.settled(queryRunner),
    () => then(prepare, send),
  ).then(
    (result) => {
      ends.ended(queryRunner, ending, true)
      return result
    },
    (error: unknown) => {
      ends.ended(queryRunner, ending, false)
      throw error
    },
  )
}

function beforeCommit(
  { transactions }: LateStatementParts,
  queryRunner: QueryRunner,
): Promise<void> | undefined {
  if (!transactions.get(queryRunner)) return undefined
  return transactions.verify(queryRunner).then(() => {
    transactions.sending(queryRunner, { isLost: isConnectionLost(queryRunner) })
  })
}

/** Goes on at once if there is nothing to wait for. What throws is a rejection. */
function then(first: () => Promise<void> | undefined, next: () => Promise<unknown>): Promise<unknown> {
  try {
    const waiting = first()
    return waiting ? waiting.then(next) : next()
  } catch (error) {
    return new Promise(() => {
      throw error
    })
  }
}
