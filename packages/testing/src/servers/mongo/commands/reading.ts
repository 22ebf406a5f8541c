import { Aggregator } from 'mingo'
import { CommandError } from '../command-error.ts'
import { viewOf, type CommandContext, type CommandHandler } from '../command-context.ts'
import type { DocumentRecord } from '../document-record.ts'
import { encode, isPlainObject, type Doc } from '../documents.ts'
import { findRecords } from '../find-records.ts'
import { badValue, projected } from '../query.ts'
import { valueKey, valuesAt } from '../value-key.ts'
import type { View } from '../view.ts'

const find: CommandHandler = (command, context) => {
  const view = viewOf(command.find, context)
  const records = findRecords(view, command.filter, command)
  const projection = isPlainObject(command.projection) ? command.projection : undefined
  return context.cursors.open(
    `${context.database}.${String(command.find)}`,
    view ? bytesOfLiving(view, records, projection) : [],
    {
      ...sizeOf(command.batchSize),
      singleBatch: command.singleBatch === true || Number(command.limit ?? 0) < 0,
    },
  )
}

/** A cursor is no snapshot: what was deleted since it was opened is left out, what was changed comes as it is now. */
function* bytesOfLiving(
  view: View,
  records: readonly DocumentRecord[],
  projection: Doc | undefined,
): Generator<Uint8Array> {
  for (const { key } of records) {
    const record = view.get(key)
    if (record) yield projection ? encode(projected(record.doc, projection)) : record.raw
  }
}

const getMore: CommandHandler = ({ getMore: id, batchSize }, { cursors }) =>
  cursors.next(BigInt(String(id)), sizeOf(batchSize).batchSize)

const killCursors: CommandHandler = ({ cursors: ids }, { cursors }) => {
  const killed = (ids as unknown[]).filter((id) => cursors.kill(BigInt(String(id))))
  const cursorsNotFound = (ids as unknown[]).filter((id) => !killed.includes(id))
  return { cursorsKilled: killed, cursorsNotFound, cursorsAlive: [], cursorsUnknown: [], ok: 1 }
}

const count: CommandHandler = (command, context) => ({
  n: findRecords(viewOf(command.count, context), command.query, command).length,
  ok: 1,
})

const distinct: CommandHandler = (command, context) => {
  const values = new Map<string, unknown>()
  for (const { doc } of findRecords(viewOf(command.distinct, context), command.query)) {
    for (const value of valuesAt(doc, String(command.key)).flat()) {
      if (value !== undefined) values.set(valueKey(value), value)
    }
  }
  return { values: [...values.values()], ok: 1 }
}

const aggregate: CommandHandler = (command, context) => {
  const pipeline = command.pipeline as Doc[]
  if (pipeline[0]?.$changeStream) {
    const text = 'The $changeStream stage is not supported by this test server'
    throw new CommandError(40573, 'Location40573', text)
  }
  const results = runPipeline(pipeline, docsOf(command.aggregate, context), context)
  const { batchSize } = isPlainObject(command.cursor) ? command.cursor : {}
  return context.cursors.open(
    `${context.database}.${String(command.aggregate)}`,
    results.map(encode),
    sizeOf(batchSize),
  )
}

function runPipeline(pipeline: Doc[], docs: Doc[], context: CommandContext): Doc[] {
  try {
    // For `$lookup` and its like.
    const collectionResolver = (name: string): Doc[] => docsOf(name, context)
    return new Aggregator(pipeline, { collectionResolver }).run<Doc>(docs)
  } catch (error) {
    throw badValue(error)
  }
}

function docsOf(name: unknown, context: CommandContext): Doc[] {
  return [...(viewOf(name, context)?.candidates({}) ?? [])].map(({ doc }) => doc)
}

function sizeOf(batchSize: unknown): { batchSize?: number } {
  return batchSize === undefined ? {} : { batchSize: Number(batchSize) }
}

/** Reading. */
export const readingCommands: Record<string, CommandHandler> = {
  find,
  getMore,
  killCursors,
  count,
  distinct,
  aggregate,
}
