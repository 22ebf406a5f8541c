import type { DataSource } from 'typeorm'
import type { CriteriaWrites } from './criteria-writes.ts'
import type { WriteBuilder } from './write-builder.ts'

type Make = (...args: unknown[]) => WriteBuilder
type Method = (this: WriteBuilder, ...args: unknown[]) => WriteBuilder

/**
 * Lets every query builder of a data source that writes be run by `writes`. All of them start in its
 * `createQueryBuilder`, also those of repositories, managers and `BaseEntity`; so that method is replaced on this data
 * source, and on the builders that it makes the methods from which writing ones come. No prototype is touched.
 */
export function followQueryBuilders(dataSource: DataSource, writes: CriteriaWrites): void {
  const execute = function (this: WriteBuilder): Promise<unknown> {
    return writes.run(this, () => original(this, 'execute').call(this) as unknown as Promise<unknown>)
  }
  const followed: Record<string, Method> = {}
  for (const name of ['insert', 'update', 'delete', 'clone']) {
    followed[name] = function (...args) {
      return follow(original(this, name).apply(this, args))
    }
  }
  const follow = (builder: WriteBuilder) => Object.assign(builder, followed, { execute })

  const createQueryBuilder = dataSource.createQueryBuilder.bind(dataSource) as unknown as Make
  const create = (...args: unknown[]) => Object.assign(createQueryBuilder(...args), followed)
  Object.defineProperty(dataSource, 'createQueryBuilder', { value: create, configurable: true })
}

/** The method as TypeORM has it. */
function original(builder: WriteBuilder, name: string): Method {
  const { [name]: method } = Object.getPrototypeOf(builder) as Record<string, Method>
  if (!method) throw new TypeError(`TypeORM's query builders have no ${name}()`)
  return method
}
