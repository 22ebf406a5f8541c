import { hasCode, type StoredFile } from '@filedepot/core'
import { rowsWithFile, type FoundRow, type LedgerFile } from '@filedepot/ledger'
import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { EXIT } from '../exit-codes.ts'
import { bytes, keyText } from '../format.ts'
import { printable, recordOf } from './ls.ts'

export function registerShow(program: Command, cli: Cli): void {
  const command = program
    .command('show')
    .argument('<path>', 'storage/id')
    .description('says all that is known of a file: its metadata, its rows, its place in the ledger')
    .option('--no-rows', 'does not look for its rows, which reads all of them')
  cli.run<{ rows: boolean }>(command, async ({ out, open, signal }, { rows: wantsRows }, path = '') => {
    const config = await open()
    const database = config.databaseNames.length > 0 ? await config.database() : undefined
    const depot = database?.depot ?? config.depot
    const file = await depot.getFile(path).catch((error: unknown) => {
      if (hasCode(error, 'FILE_NOT_FOUND')) return undefined
      throw error
    })
    const place = await database?.ledger?.find(path)
    const rows: FoundRow[] = []
    if (database && wantsRows) {
      const progress = out.progress({ label: 'Looking for its rows', unit: 'values' })
      try {
        const onProgress = (done: number) => {
          progress.update({ done })
        }
        for await (const row of rowsWithFile(database.rows, path, { signal, onProgress })) rows.push(row)
      } finally {
        progress.stop()
      }
    }
    await out.print(textOf(path, { file, place, rows, looked: database !== undefined && wantsRows }), {
      event: 'file',
      path,
      exists: file !== undefined,
      ...(file && recordOf(file)),
      ...(database && wantsRows && { rows }),
      ...(place && { ledger: place }),
    })
    return file ? EXIT.fine : EXIT.found
  })
}

interface Known {
  readonly file: StoredFile | undefined
  readonly place: LedgerFile | undefined
  readonly rows: readonly FoundRow[]
  /** True if the rows were read. */
  readonly looked: boolean
}

function textOf(path: string, { file, place, rows, looked }: Known): string {
  const lines: [string, string][] = [['path', path]]
  if (file) {
    lines.push(
      ['name', printable(file.filename)],
      ['type', file.contentType],
      ['size', `${bytes(file.size)} (${file.size} bytes)`],
      ['sha256', file.sha256 ?? 'not known'],
      ['changed', file.lastModified.toISOString()],
    )
    for (const [name, value] of Object.entries(file.metadata)) lines.push([printable(name), printable(value)])
  } else lines.push(['file', 'is not in the storage'])
  for (const { table, column, key } of rows) lines.push(['row', `${table}.${column} of ${keyText(key)}`])
  if (looked && rows.length === 0) lines.push(['row', 'none'])
  if (place) lines.push(['ledger', placeText(place)])
  return lines.map(([name, value]) => `${name.padEnd(8)} ${value}`).join('\n')
}

function placeText({ state, refs, discardedAt, attempts, retryAt, lastError }: LedgerFile): string {
  return [
    state === 'used' ? `used by ${refs}` : state,
    ...(discardedAt ? [`given up at ${discardedAt.toISOString()}`] : []),
    ...(attempts > 0 ? [`${attempts} tries to delete it`] : []),
    ...(retryAt && state !== 'deleted' ? [`next at ${retryAt.toISOString()}`] : []),
    ...(lastError === undefined ? [] : [`last error: ${lastError}`]),
  ].join(', ')
}
