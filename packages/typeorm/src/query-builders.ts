import type { DataSource } from 'typeorm'
import type { CriteriaWrites } from './criteria-writes.ts'
import type { WriteBuilder } from './write-builder.ts'

type Make = (...args: unknown[]) => WriteBuilder
type Method = (this: WriteBuilder, ...args: unknown[]) => WriteBuilder

/** The methods of a query builder that give one which writes. */
type Verbs = Record<'insert' | 'update' | 'delete' | 'clone', Method>

/**
 * Lets every query builder of a data source that writes be run by `writes`. All of them start in its
 * `createQueryBuilder`, also those of repositories, managers and `BaseEntity`; so that method is replaced on this data
 * source, and on the builders that it makes the methods from which writing ones come. No prototype is touched.
 */
export function followQueryBuilders(dataSource: DataSource, writes: CriteriaWrites): void {
  const execute = function (this: WriteBuilder): Promise<unknown> {
    return writes.run(this, () => original(this, 'execute').call(this) as unknown as Promise<unknown>)
  }
  const follow = (builder: WriteBuilder): WriteBuilder => {
    builder.execute = execute
    return replaceVerbs(builder, verbs)
  }
  const verb = (name: string): Method =>
    function (...args) {
      return follow(original(this, name).apply(this, args))
    }
  const verbs: Verbs = {
    insert: verb('insert'),
    update: verb('update'),
    delete: verb('delete'),
    clone: verb('clone'),
  }

  const createQueryBuilder = dataSource.createQueryBuilder.bind(dataSource) as unknown as Make
  const create = (...args: unknown[]) => replaceVerbs(createQueryBuilder(...args), verbs)
  Object.defineProperty(dataSource, 'createQueryBuilder', { value: create, configurable: true })
}

/** One by one, which is quick: every query of the data source comes by here. */
function replaceVerbs(builder: WriteBuilder, verbs: Verbs): WriteBuilder {
  const replaced = builder as WriteBuilder & Verbs
  replaced.insert = verbs.insert
  replaced.update = verbs.update
  replaced.delete = verbs.delete
  replaced.clone = verbs.clone
  return builder
}

/** The method as TypeORM has it. */
function original(builder: WriteBuilder, name: string): Method {
  const { [name]: method } = Object.getPrototypeOf(builder) as Record<string, Method>
  if (!method) throw new TypeError(`TypeORM's query builders have no ${name}()`)
  return method
}
