import { MoveIncompleteError, type LedgerColumn, type MoveReport } from '@filedepot/ledger'
import type { Command } from 'commander'
import type { Cli, CommandContext } from '../cli.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { bytes, count, keyText, parseDuration } from '../format.ts'
import { ledgerOf } from '../open-database.ts'
import * as options from '../options.ts'

interface MigrateOptions {
  readonly from: string
  readonly to: string
  readonly column?: readonly LedgerColumn[]
  readonly keepFor?: number
  readonly concurrency?: number
  readonly rate?: number
  readonly readBack?: boolean
  readonly dryRun?: boolean
}

export function registerMigrate(program: Command, cli: Cli): void {
  const command = program
    .command('migrate')
    .description('moves files and their rows to another storage while the application runs; asks before')
    .requiredOption('--from <storage>', 'the storage that the files are in')
    .requiredOption('--to <storage>', 'the storage that they come to')
    .addOption(options.columns())
    .option('--keep-for <time>', 'for how long the old files stay (default: 1h)', parseDuration)
    .addOption(options.concurrency())
    .addOption(options.rate())
    .option('--read-back', 'reads each copy back, whole, and compares its SHA-256')
    .option('--dry-run', 'counts what there is to move')
    .addHelpText(
      'after',
      '\nSend new files to the new storage first (depot.setDefault). Then run it until nothing is left.\nIt may be stopped and killed at any moment: another run goes on. Needs a ledger.',
    )
  cli.run<MigrateOptions>(command, async (context, given) => {
    const { out, open, signal } = context
    const { from, to, column: columns, keepFor, concurrency, rate, readBack = false, dryRun = false } = given
    const ledger = ledgerOf(await (await open()).database(), 'migrate')
    const what = `This moves the files of rows from "${from}" to "${to}", and deletes the old ones afterwards.`
    if (!dryRun && !(await out.confirm(what))) return EXIT.failed
    const chosen = { from, to, ...(columns && { columns }) }
    const progress = out.progress({ label: 'Looking', unit: 'values' })
    const count = (dryRun: boolean) => ledger.moveFiles({ ...chosen, dryRun, signal })
    const { left: total } = await count(true).finally(() => {
      progress.stop()
    })
    if (dryRun) return await say(context, { values: total, left: total, ...NOTHING }, true)
    const moving = out.progress({ label: 'Moving', unit: 'values', total })
    try {
      const report = await ledger.moveFiles({
        ...chosen,
        readBack,
        signal,
        ...(keepFor !== undefined && { keepFor }),
        ...(concurrency !== undefined && { concurrency }),
        ...(rate !== undefined && { bytesPerSecond: rate }),
        onProgress: ({ changed, bytes, failed }) => {
          moving.update({ done: changed + failed, bytes, note: failed > 0 ? `${failed} failed` : undefined })
        },
      })
      moving.stop()
      return await say(context, report, false)
    } catch (error) {
      moving.stop()
      if (!(error instanceof MoveIncompleteError)) throw error
      await say(context, error.report, false)
      for (const { table, column, key, error: cause } of error.failures) {
        out.fail(
          `${table}.${column} of ${keyText(key)}: ${cause instanceof Error ? cause.message : String(cause)}`,
        )
      }
      throw error
    }
  })
}

const NOTHING = { changed: 0, files: 0, bytes: 0, overtaken: 0, failed: 0 }

async function say({ out }: CommandContext, report: MoveReport, dryRun: boolean): Promise<ExitCode> {
  const { changed, files, left, overtaken } = report
  const text = dryRun
    ? `${count(left, 'value')} to move; nothing was moved`
    : [
        `${count(changed, 'value')} moved, with ${count(files, 'file')} (${bytes(report.bytes)})`,
        ...(overtaken > 0 ? [`${overtaken} were changed meanwhile and looked at again`] : []),
        left === 0 ? 'nothing is left' : out.colors.yellow(`${count(left, 'value')} left: run it again`),
      ].join(', ')
  await out.report(text, { event: 'result', command: 'migrate', ...report, dryRun })
  return left > 0 ? EXIT.found : EXIT.fine
}
