import { depot as defaultDepot, FiledepotError } from '@filedepot/core'
import { fileRows } from '@filedepot/ledger'
import { KEPT, type KeptOnClient } from '../extended-client.ts'
import { extendsWithFiles } from '../fields/computed-fields.ts'
import { hydrate, type FilesHome } from '../fields/field-values.ts'
import { checkNames, columnsOf, noteFields, readFileFields, type FileFields } from '../fields/file-fields.ts'
import type { FiledepotOptions } from '../fields/filedepot-options.ts'
import { ledgerComponents } from '../ledger/ledger-components.ts'
import { PrismaInternals, withParents, type Args, type ExtendableClient } from '../prisma-internals.ts'
import { checkProvider, statementsClient, type RawClient } from '../raw-sql/prisma-client.ts'
import { rowsComponents } from '../rows/rows-components.ts'
import { DataModel } from '../schema/data-model.ts'
import type { ExtensionComponents } from './extension-components.ts'

const OPTIONS = [
  'depot',
  'models',
  'ledger',
  'cascades',
  'maxWait',
  'transactions',
] satisfies readonly (keyof FiledepotOptions)[]

/** The clients that were extended here. */
const extended = new WeakSet()

/** @throws FiledepotError what {@link filedepot} says of extending */
export function extendClient(client: ExtendableClient, options: FiledepotOptions): unknown {
  const { depot = defaultDepot, models } = options
  checkNames('filedepot()', options, OPTIONS)
  checkNames('transactions', options.transactions ?? {}, ['maxWait', 'timeout'])
  const internals = new PrismaInternals(client)
  for (const one of withParents(client)) {
    if (extended.has(one)) {
      throw new FiledepotError(
        'INVALID_ARGUMENT',
        'Cannot extend a client with filedepot() twice. Name all models in one call',
      )
    }
  }
  const schema = new DataModel(internals)
  const fields = readFileFields(models, schema)
  noteFields(internals.original, fields)
  const { ledger } = options
  const home = { depot, books: ledger ? internals.original : undefined }
  const parts = { client, internals, home, schema, fields }
  // The one line that chooses to look at rows. Without it and the folder rows/, all else compiles and works.
  if (!ledger) return extendWith(parts, rowsComponents(parts, options))
  const raw = client as unknown as RawClient
  const settings = typeof ledger === 'object' ? ledger : {}
  return extendWith(
    parts,
    ledgerComponents({ ...parts, client: raw, provider: checkProvider(internals.provider) }, settings),
  )
}

interface Parts {
  readonly client: ExtendableClient
  readonly internals: PrismaInternals
  readonly home: FilesHome
  readonly fields: FileFields
}

function extendWith({ client, internals, home, fields }: Parts, components: ExtensionComponents): unknown {
  const raw = client as unknown as RawClient
  const { query, client: methods, ledger } = components
  const kept: KeptOnClient = {
    ledger,
    fields,
    rows: () =>
      fileRows(statementsClient(raw, checkProvider(internals.provider)), { columns: columnsOf(fields) }),
  }
  const result = client.$extends({
    name: 'filedepot',
    result: resultsOf(home, fields),
    query,
    client: { $extends: extendsWithFiles(client, home, fields), ...methods, [KEPT]: kept },
  })
  extended.add(result)
  return result
}

/** The fields of results: values instead of their JSON, made when they are looked at. */
function resultsOf(home: FilesHome, fields: FileFields): object {
  return Object.fromEntries(
    [...fields.values()].flatMap((ofModel) =>
      [...ofModel.values()].slice(0, 1).map(({ model }) => [
        model.property,
        Object.fromEntries(
          [...ofModel.values()].map((field) => [
            field.name,
            {
              needs: { [field.name]: true },
              compute: (row: Args) => hydrate(home, field, row),
            },
          ]),
        ) as object,
      ]),
    ),
  )
}
