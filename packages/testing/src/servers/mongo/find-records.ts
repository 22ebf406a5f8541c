import type { DocumentRecord } from './document-record.ts'
import { isPlainObject } from './documents.ts'
import { matcher, sorted } from './query.ts'
import type { View } from './view.ts'

interface FindOptions {
  readonly sort?: unknown
  readonly skip?: unknown
  /** 0 and absent mean all; a negative one means as many in a single batch. */
  readonly limit?: unknown
}

/** The records that a filter matches, in the order and number that are asked for. */
export function findRecords(
  view: View | undefined,
  filter: unknown,
  { sort, skip = 0, limit = 0 }: FindOptions = {},
): DocumentRecord[] {
  const condition = isPlainObject(filter) ? filter : {}
  const matches = matcher(condition)
  if (!view) return []
  const found = [...view.candidates(condition)].filter(({ doc }) => matches(doc))
  const inOrder = sorted(found, isPlainObject(sort) ? sort : undefined)
  const most = Math.abs(Number(limit))
  return inOrder.slice(Number(skip), most > 0 ? Number(skip) + most : undefined)
}
