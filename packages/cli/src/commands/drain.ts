import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { EXIT } from '../exit-codes.ts'
import { count } from '../format.ts'
import { ledgerOf } from '../open-database.ts'

export function registerDrain(program: Command, cli: Cli): void {
  const command = program
    .command('drain')
    .description('deletes the files that the last row has given up')
    .addHelpText(
      'after',
      '\nRun it every minute, or after an outage. It may be killed at any moment: the next one goes on.\nNeeds a ledger.',
    )
  cli.run(command, async ({ out, open, signal }) => {
    const ledger = ledgerOf(await (await open()).database(), 'drain')
    const { waiting: total } = await ledger.stats()
    const progress = out.progress({ label: 'Deleting', total })
    const report = await ledger
      .drain({
        signal,
        onProgress: ({ deleted, failed }) => {
          progress.update({ done: deleted + failed })
        },
      })
      .finally(() => {
        progress.stop()
      })
    const { deleted, failed, waiting } = report
    await out.report(
      [
        `${count(deleted, 'file')} deleted`,
        ...(failed > 0
          ? [out.colors.red(`${count(failed, 'file')} could not be deleted and will be tried again`)]
          : []),
        ...(waiting > failed ? [`${count(waiting - failed, 'file')} kept for now`] : []),
      ].join(', '),
      { event: 'result', command: 'drain', ...report },
    )
    return failed > 0 ? EXIT.found : EXIT.fine
  })
}
