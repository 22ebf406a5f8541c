import type { DataSource } from 'typeorm'
import type { AddToReturning } from '../reading/overwritten-rows.ts'
import type { CriteriaWrites } from '../writes/criteria-writes.ts'
import { UnsavedFile, pendingCriterion } from '../../column/unsaved-file.ts'
import type { WriteBuilder } from '../../typeorm-internals.ts'

type Make = (...args: unknown[]) => Followed

/** The methods of a query builder that give one which writes, and the one by which criteria come into it. */
type Verbs = Pick<
  Followed,
  'insert' | 'update' | 'delete' | 'relation' | 'createQueryBuilder' | 'clone' | 'setParameter'
>

/** A query builder of TypeORM. */
interface Followed extends WriteBuilder {
  insert(): Followed
  /** Of an entity and values, or values alone. */
  update(entityOrValues?: unknown, values?: unknown): Followed
  delete(): Followed
  /** Of an entity and the path of its property, or the path alone, which TypeORM tells apart by their number. */
  relation(...path: unknown[]): Followed
  /** A new one, by which that of a relation writes. */
  createQueryBuilder(queryRunner?: unknown): Followed
  clone(): Followed
  setParameter(key: string, value: unknown): Followed
}

/**
 * Makes `writes` run every writing query builder of a data source. All builders start in its `createQueryBuilder`, also those
 * of repositories, managers and `BaseEntity`. So it replaces this method on the data source, and on the builders the methods
 * that return writing builders. It changes no prototype.
 */
export function followQueryBuilders(dataSource: DataSource, writes: CriteriaWrites): void {
  const execute = function (this: WriteBuilder): Promise<unknown> {
    return writes.run(this, () => unfollowed(this).execute.call(this))
  }
  const follow = (builder: Followed): Followed => {
    builder.execute = execute
    return replaceVerbs(builder, verbs)
  }
  const verbs: Verbs = {
    insert() {
      return follow(unfollowed(this).insert.call(this))
    },
    update(entityOrValues, values) {
      return follow(unfollowed(this).update.call(this, entityOrValues, values))
    },
    delete() {
      return follow(unfollowed(this).delete.call(this))
    },
    relation(...path) {
      return replaceVerbs(unfollowed(this).relation.apply(this, path), verbs)
    },
    createQueryBuilder(queryRunner) {
      return replaceVerbs(unfollowed(this).createQueryBuilder.call(this, queryRunner), verbs)
    },
    clone() {
      return follow(unfollowed(this).clone.call(this))
    },
    // TypeORM refuses functions there, and does not say what is wrong with this one.
    setParameter(key, value) {
      if (value instanceof UnsavedFile) throw pendingCriterion()
      return unfollowed(this).setParameter.call(this, key, value)
    },
  }

  const createQueryBuilder = dataSource.createQueryBuilder.bind(dataSource) as unknown as Make
  const create = (...args: unknown[]) => replaceVerbs(createQueryBuilder(...args), verbs)
  Object.defineProperty(dataSource, 'createQueryBuilder', { value: create, configurable: true })
}

/** One by one, which is quick: every query of the data source comes by here. */
function replaceVerbs(builder: Followed, verbs: Verbs): Followed {
  builder.insert = verbs.insert
  builder.update = verbs.update
  builder.delete = verbs.delete
  builder.relation = verbs.relation
  builder.createQueryBuilder = verbs.createQueryBuilder
  builder.clone = verbs.clone
  builder.setParameter = verbs.setParameter
  return builder
}

/** The methods as TypeORM has them. */
function unfollowed(builder: unknown): Followed {
  return Object.getPrototypeOf(builder) as Followed
}

/** Adds an expression to what the statement of one builder returns. */
export const addToReturning: AddToReturning = (builder, expression) => {
  const original = unfollowed(builder)
  let isOurs = false
  builder.createReturningExpression = (kind) => {
    const returning = original.createReturningExpression.call(builder, kind)
    isOurs = returning === ''
    return `${isOurs ? '' : `${returning}, `}${expression}`
  }
  return () => isOurs
}
