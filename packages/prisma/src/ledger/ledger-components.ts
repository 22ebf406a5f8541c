import { checkWholeNumber, expected } from '@filedepot/core/backend'
import { Ledger, Upkeep } from '@filedepot/ledger'
import { checkNames, columnsOf, type FileFields } from '../fields/file-fields.ts'
import type { FilesHome } from '../fields/field-values.ts'
import type { LedgerSettings } from '../fields/filedepot-options.ts'
import type { DataModel } from '../schema/data-model.ts'
import { WRITES } from '../schema/write-operations.ts'
import { checkedOnce } from './checked-once.ts'
import { ledgerHook, modelsThatReachFiles, type Operation } from './ledger-hook.ts'
import { prismaClient, statementsClient, type Provider, type RawClient } from '../raw-sql/prisma-client.ts'

const OPTIONS = ['retention', 'drain', 'schema', 'client'] satisfies readonly (keyof LedgerSettings)[]

/** What the components of the extension are made of. */
interface Parts {
  /** The client that is extended. */
  readonly client: RawClient
  readonly provider: Provider
  readonly home: FilesHome
  readonly schema: DataModel
  readonly fields: FileFields
}

/** The components of an extension by which the ledger of the database says which files rows have. */
export function ledgerComponents(
  parts: Parts,
  settings: LedgerSettings,
): { readonly query: object; readonly client: object; readonly ledger: Ledger } {
  checkNames('ledger', settings, OPTIONS)
  const { client, provider, home, schema, fields } = parts
  const { depot } = home
  const { retention = 0, drain = 'auto', schema: within } = settings
  checkWholeNumber('ledger.retention', retention, 0)
  if (drain !== 'auto' && (drain as unknown) !== false)
    throw expected('ledger.drain', "'auto' or false", drain)
  const options = { columns: columnsOf(fields), retention, ...(within !== undefined && { schema: within }) }
  const ledger = new Ledger(depot, settings.client ?? prismaClient(client, provider), options)
  const reads = settings.client ?? statementsClient(client, provider)
  const upkeep = new Upkeep({
    depot,
    ledger: () => ledger,
    retention,
    drains: drain === 'auto',
    hearsEnds: false,
  })
  const hook = ledgerHook({
    home,
    schema,
    fields,
    upkeep,
    check: checkedOnce(new Ledger(depot, reads, options)),
  })
  const query = modelsThatReachFiles(schema, fields).map((model) => [
    model.property,
    Object.fromEntries(WRITES.map((name) => [name, (operation: Operation) => hook(model, operation)])),
  ])
  const $disconnect = async () => {
    await upkeep.finish()
    await client.$disconnect()
  }
  return { query: Object.fromEntries(query) as object, client: { $disconnect }, ledger }
}
