import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { EXIT } from '../exit-codes.ts'
import { count, duration } from '../format.ts'
import { ledgerOf } from '../open-database.ts'
import * as options from '../options.ts'

const DAY = 24 * 3_600_000

export function registerSweep(program: Command, cli: Cli): void {
  const command = program
    .command('sweep')
    .description('deletes uploads that no row has ever taken, and parts of broken uploads')
    .addOption(options.grace('for how long an upload may be without a row'))
    .addOption(options.storages())
    .option('--force', 'deletes even if most uploads have no row; asks before')
    .addHelpText(
      'after',
      '\nRun it every night. Needs a ledger; without one, gc does the same and reads all rows.',
    )
  cli.run<{ grace?: number; storage?: string[]; force?: boolean }>(command, async (context, given) => {
    const { out, open, signal } = context
    const { grace = DAY, storage: storages, force = false } = given
    const ledger = ledgerOf(await (await open()).database(), 'sweep')
    const what = `This deletes uploads without a row that are older than ${duration(grace)}, however many they are.`
    if (force && !(await out.confirm(what))) return EXIT.failed
    const progress = out.progress({ label: 'Looking at uploads' })
    const report = await ledger
      .sweep({
        grace,
        force,
        signal,
        ...(storages && { storages }),
        onProgress: ({ listed, swept, storage }) => {
          progress.update({ done: listed, note: `${count(swept, 'file')} of ${storage} deleted` })
        },
      })
      .finally(() => {
        progress.stop()
      })
    const { listed, swept, kept, failed, leftovers } = report
    await out.report(
      [
        `${count(listed, 'upload')} looked at, ${count(swept, 'upload')} without a row deleted`,
        ...(kept > 0 ? [`${kept} kept for now`] : []),
        ...(leftovers > 0 ? [`${count(leftovers, 'leftover')} of broken uploads removed`] : []),
        ...(failed > 0 ? [out.colors.red(`${failed} could not be deleted and will be tried again`)] : []),
      ].join(', '),
      { event: 'result', command: 'sweep', ...report },
    )
    return failed > 0 ? EXIT.found : EXIT.fine
  })
}
