import type { GarbageOptions, GarbageReport } from '@filedepot/ledger'
import type { Command } from 'commander'
import type { Cli, CommandContext } from '../cli.ts'
import { workOf, type DatabaseWork } from '../database-work.ts'
import { EXIT, UsageError, type ExitCode } from '../exit-codes.ts'
import { compare } from '../findings.ts'
import { count } from '../format.ts'
import * as options from '../options.ts'

interface GcOptions {
  readonly dryRun?: boolean
  readonly delete?: boolean
  readonly force?: boolean
  readonly grace?: number
  readonly storage?: string[]
  readonly all?: boolean
}

export function registerGc(program: Command, cli: Cli): void {
  const command = program
    .command('gc')
    .description('compares all rows with the storages; with --delete, deletes files that have no row')
    .option('--dry-run', 'deletes nothing: the default')
    .option('--delete', 'deletes files that have no row; asks before')
    .option('--force', 'deletes more than a tenth of all files, and in a storage that a ledger owns')
    .addOption(options.grace('how old a file without a row has to be'))
    .addOption(options.storages())
    .addOption(options.all())
    .addHelpText(
      'after',
      '\nRun it after an accident, or once a month. It works with a ledger and without one.\nWith a ledger it also counts the rows anew, and corrects counts that are wrong.',
    )
  cli.run<GcOptions>(command, async (context, given) => {
    if (given.dryRun && given.delete) throw new UsageError('--dry-run and --delete exclude each other')
    const config = await context.open()
    return await collect(context, await workOf(config, await config.database()), given)
  })
}

async function collect(context: CommandContext, work: DatabaseWork, given: GcOptions): Promise<ExitCode> {
  const { out, signal } = context
  const common: GarbageOptions = {
    force: given.force ?? false,
    signal,
    ...(given.grace !== undefined && { grace: given.grace }),
    ...(given.storage && { storages: given.storage }),
  }
  if (given.delete !== true || !out.isSure('This deletes files that have no row.')) {
    const report = await run(context, work, given, common)
    await say(context, report, { deletes: false, hint: given.delete !== true })
    if (given.delete !== true || report.orphaned === 0) {
      return hasFound(report) || report.orphaned > 0 ? EXIT.found : EXIT.fine
    }
    const what = `This deletes ${count(report.orphaned, 'file')} without a row, and all that are found meanwhile.`
    if (!(await out.confirm(what))) return EXIT.failed
  }
  const report = await run(context, work, given, { ...common, delete: true })
  await say(context, report, { deletes: true })
  return hasFound(report) || report.failed > 0 ? EXIT.found : EXIT.fine
}

async function run(
  { out }: CommandContext,
  work: DatabaseWork,
  { all = false }: GcOptions,
  common: GarbageOptions,
): Promise<GarbageReport> {
  return await compare(out, { label: 'Comparing', all }, (heard) => work.gc({ ...common, ...heard }))
}

async function say(
  { out }: CommandContext,
  report: GarbageReport,
  { deletes, hint = false }: { deletes: boolean; hint?: boolean },
): Promise<void> {
  const {
    files,
    values,
    orphaned,
    dangling,
    unreadable,
    unconfigured,
    unchecked,
    repaired,
    deleted,
    failed,
  } = report
  const { bold, red, yellow } = out.colors
  const part = (value: number, text: string, colored = red) => (value > 0 ? [colored(text)] : [])
  const lines = [
    `${count(files, 'file')} in the storages, ${count(values, 'value')} in rows`,
    ...part(dangling, `${count(dangling, 'row')} without the file`),
    ...part(unreadable, `${count(unreadable, 'value')} that cannot be read`),
    ...part(unchecked, `${count(unchecked, 'file')} that the storage could not read`),
    ...part(unconfigured, `${count(unconfigured, 'row')} with a file of a storage that is not configured`),
    ...part(repaired, `${count(repaired, 'count')} of the ledger corrected`, yellow),
    deletes
      ? bold(
          `${count(deleted, 'file')} without a row deleted${failed > 0 ? `, ${failed} could not be deleted` : ''}`,
        )
      : bold(
          orphaned === 0
            ? 'No file is without a row'
            : `${count(orphaned, 'file')} without a row; nothing was deleted`,
        ),
    ...(!deletes && orphaned > 0 && hint
      ? ['Look at some of them, and then run: filedepot gc --delete']
      : []),
  ]
  await out.report(lines.join('\n'), {
    event: 'result',
    command: 'gc',
    ...{ ...report, examples: undefined },
    dryRun: !deletes,
  })
}

/** Garbage aside: that is what it is for. */
function hasFound({ dangling, unreadable, unconfigured, unchecked }: GarbageReport): boolean {
  return dangling + unreadable + unconfigured + unchecked > 0
}
