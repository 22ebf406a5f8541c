import type { EntityMetadata, ObjectLiteral, QueryRunner } from 'typeorm'
import {
  dataSourceOf,
  savepointsOf,
  type Broadcaster,
  type BroadcastResult,
  type ColumnMetadata,
} from '../../typeorm-internals.ts'
import type { RunnerEnds } from '../transaction/transaction-ends.ts'
import type { TransactionWrites } from '../transaction/transaction-writes.ts'
import type { RunnerTransactions } from '../transaction/transactions.ts'
import type { DepotSubscriber } from '../writes/entity-writes.ts'

type Result = BroadcastResult
type Metadata = EntityMetadata
type Entity = ObjectLiteral | undefined
type Columns = ColumnMetadata[] | undefined
type BroadcasterClass = new (queryRunner: QueryRunner) => Broadcaster

/** Those who hear broadcasts. */
interface BroadcastParts {
  readonly subscriber: DepotSubscriber
  readonly transactions: RunnerTransactions
  readonly writes: TransactionWrites
  readonly ends: RunnerEnds
}

/**
 * Passes the events of query runners to `subscriber`, after the listeners and subscribers of the application, so that it sees
 * their changes to an entity.
 *
 * It is none of TypeORM's subscribers: if there is one, TypeORM makes events and promises for all that happens, and
 * compares each entity with its row a second time, whether or not the subscriber has had anything to say.
 */
export function hearBroadcasts(parts: BroadcastParts): (queryRunner: QueryRunner) => void {
  const classes = new WeakMap<object, BroadcasterClass>()
  return (queryRunner) => {
    const broadcasting = queryRunner as unknown as { broadcaster: Broadcaster }
    const Original = broadcasting.broadcaster.constructor as BroadcasterClass
    const Heard = classes.get(Original) ?? heardBy(parts, Original)
    classes.set(Original, Heard)
    broadcasting.broadcaster = new Heard(queryRunner)
  }
}

function heardBy(
  { subscriber, transactions, writes, ends }: BroadcastParts,
  Original: BroadcasterClass,
): BroadcasterClass {
  const loaded = (metadata: Metadata, entities: readonly ObjectLiteral[]): void => {
    if (subscriber.hears(metadata)) subscriber.afterLoad(metadata, entities)
  }

  /** True if the application does not hear an event, and there is nothing that we would have to wait for. */
  const isQuiet = (queryRunner: QueryRunner, event: string, metadata: unknown): boolean => {
    if (dataSourceOf(queryRunner).subscribers.length > 0) return false
    if (event === 'BeforeQuery') return true
    if (event === 'Load') return (metadata as Metadata).afterLoadListeners.length === 0
    return TRANSACTION_EVENTS.has(event) && !transactions.get(queryRunner) && !writes.isFollowed(queryRunner)
  }

  return class extends Original {
    /** TypeORM works out the name of a method for each event, and makes a promise, several times with each statement. */
    override broadcast(event: string, ...parameters: unknown[]): Promise<void> {
      if (!isQuiet(this.queryRunner, event, parameters[0])) return super.broadcast(event, ...parameters)
      if (event === 'Load') loaded(...(parameters as [Metadata, ObjectLiteral[]]))
      return HEARD
    }

    override broadcastLoadEvent(
      result: Result,
      metadata: Metadata,
      entities: readonly ObjectLiteral[],
    ): void {
      super.broadcastLoadEvent(result, metadata, entities)
      loaded(metadata, entities)
    }

    override broadcastBeforeInsertEvent(result: Result, metadata: Metadata, entity: Entity): void {
      const before = result.promises.length
      super.broadcastBeforeInsertEvent(result, metadata, entity)
      if (!entity || !subscriber.hears(metadata)) return
      change(result, before, () => subscriber.beforeInsert(this.queryRunner, metadata, entity))
    }

    override broadcastAfterInsertEvent(
      result: Result,
      metadata: Metadata,
      entity: Entity,
      id: unknown,
    ): void {
      super.broadcastAfterInsertEvent(result, metadata, entity, id)
      if (!entity || !subscriber.hears(metadata)) return
      wait(result, subscriber.afterInsert(this.queryRunner, metadata, entity))
    }

    override broadcastBeforeUpdateEvent(
      result: Result,
      metadata: Metadata,
      entity: Entity,
      row: Entity,
      columns: Columns,
      relations: unknown,
    ): void {
      const before = result.promises.length
      super.broadcastBeforeUpdateEvent(result, metadata, entity, row, columns, relations)
      // A relation that is nullified has no entity, and update(criteria, …) no row.
      if (!entity || !subscriber.hears(metadata)) return
      change(result, before, () =>
        subscriber.beforeUpdate(this.queryRunner, metadata, entity, row, columns ?? []),
      )
    }

    override broadcastAfterUpdateEvent(
      result: Result,
      metadata: Metadata,
      entity: Entity,
      row: Entity,
      columns: Columns,
      relations: unknown,
    ): void {
      super.broadcastAfterUpdateEvent(result, metadata, entity, row, columns, relations)
      if (subscriber.hears(metadata)) wait(result, subscriber.afterUpdate(this.queryRunner, metadata, entity))
    }

    override broadcastBeforeRemoveEvent(
      result: Result,
      metadata: Metadata,
      entity: Entity,
      row: Entity,
      id: unknown,
    ): void {
      super.broadcastBeforeRemoveEvent(result, metadata, entity, row, id)
      if (!subscriber.hears(metadata)) return
      wait(result, subscriber.beforeRemove(this.queryRunner, metadata, entity, row, id))
    }

    override broadcastAfterRemoveEvent(
      result: Result,
      metadata: Metadata,
      entity: Entity,
      row: Entity,
      id: unknown,
    ): void {
      super.broadcastAfterRemoveEvent(result, metadata, entity, row, id)
      if (subscriber.hears(metadata))
        wait(result, subscriber.afterRemove(this.queryRunner, metadata, entity, id))
    }

    override broadcastAfterQueryEvent(
      result: Result,
      query: string,
      parameters: unknown,
      success: boolean,
      time: unknown,
      rawResults: unknown,
      error: unknown,
    ): void {
      super.broadcastAfterQueryEvent(result, query, parameters, success, time, rawResults, error)
      if (transactions.get(this.queryRunner))
        transactions.queried(this.queryRunner, { query, success, rawResults, error })
    }

    override broadcastBeforeTransactionStartEvent(result: Result): void {
      super.broadcastBeforeTransactionStartEvent(result)
      wait(result, writes.settled(this.queryRunner))
    }

    override broadcastAfterTransactionStartEvent(result: Result): void {
      super.broadcastAfterTransactionStartEvent(result)
      wait(result, transactions.started(this.queryRunner))
    }

    override broadcastBeforeTransactionCommitEvent(result: Result): void {
      super.broadcastBeforeTransactionCommitEvent(result)
      const settled = writes.settled(this.queryRunner)
      const committing = () => transactions.committing(this.queryRunner)
      wait(result, settled ? settled.then(committing) : committing())
    }

    override broadcastAfterTransactionCommitEvent(result: Result): void {
      ends.runAfterwards(this.queryRunner, () => {
        super.broadcastAfterTransactionCommitEvent(result)
      })
      if (!this.queryRunner.isTransactionActive) writes.ended(this.queryRunner)
      wait(result, transactions.committed(this.queryRunner))
    }

    override broadcastBeforeTransactionRollbackEvent(result: Result): void {
      super.broadcastBeforeTransactionRollbackEvent(result)
      const whole = savepointsOf(this.queryRunner) === 0 || writes.isOutsideSavepoint(this.queryRunner)
      if (whole) transactions.get(this.queryRunner)?.files.stopUploads()
      const settled = writes.rollingBack(this.queryRunner, { whole })
      const rollingBack = () => transactions.rollingBack(this.queryRunner)
      wait(result, settled ? settled.then(rollingBack) : rollingBack())
    }

    override broadcastAfterTransactionRollbackEvent(result: Result): void {
      ends.runAfterwards(this.queryRunner, () => {
        super.broadcastAfterTransactionRollbackEvent(result)
      })
      wait(result, transactions.rolledBack(this.queryRunner))
    }
  }
}

const HEARD = Promise.resolve()

const TRANSACTION_EVENTS = new Set([
  'BeforeTransactionStart',
  'AfterTransactionStart',
  'BeforeTransactionCommit',
  'AfterTransactionCommit',
  'BeforeTransactionRollback',
  'AfterTransactionRollback',
])

/** Of the rows of a save, many have the same promise. */
function wait({ promises }: Result, promise: Promise<void> | undefined): void {
  if (promise && promises.at(-1) !== promise) promises.push(promise)
}

/**
 * Waits for a hook that may change the entity, which runs when those of the application have ended that this event began.
 *
 * @param before how many promises there were before this event
 */
function change(result: Result, before: number, hook: () => Promise<void> | undefined): void {
  const isFirst = result.promises.length === before
  const promise = isFirst ? hook() : Promise.all(result.promises.slice(before)).then(hook)
  // If a sibling throws at once, TypeORM does not wait for the others, and a failure here would end the process.
  if (!isFirst) promise?.catch(() => undefined)
  wait(result, promise)
  if (promise) result.count++
}
