import { copyStorage, CopyIncompleteError, type CopyReport } from '@filedepot/core'
import type { Command } from 'commander'
import type { Cli, CommandContext } from '../cli.ts'
import { EXIT } from '../exit-codes.ts'
import { bytes, count } from '../format.ts'
import * as options from '../options.ts'

interface CopyOptions {
  readonly readBack?: boolean
  readonly concurrency?: number
  readonly rate?: number
}

export function registerCopy(program: Command, cli: Cli): void {
  const command = program
    .command('copy')
    .argument('<from>', 'the name of a storage, or DEPOT/STORAGE')
    .argument('<to>', 'the name of a storage, or DEPOT/STORAGE')
    .description('copies all files of a storage into another one, verified: a backup')
    .option('--read-back', 'reads each copy back, whole, and compares its SHA-256')
    .addOption(options.concurrency())
    .addOption(options.rate())
    .addHelpText(
      'after',
      '\nIt deletes nothing, and rows stay as they are. Files that are there already are not copied again, so a second\nrun goes on. Two storages of one service copy by themselves.',
    )
  cli.run<CopyOptions>(
    command,
    async (context, { readBack = false, concurrency, rate }, from = '', to = '') => {
      const { out, open, signal } = context
      const config = await open()
      const [source, target] = [config.storage(from), config.storage(to)]
      let total = 0
      for await (const id of source.list()) if (id !== '' && ++total % 1000 === 0) signal.throwIfAborted()
      const progress = out.progress({ label: 'Copying', total })
      try {
        const report = await copyStorage(source, target, {
          readBack,
          signal,
          ...(concurrency !== undefined && { concurrency }),
          ...(rate !== undefined && { bytesPerSecond: rate }),
          onProgress: ({ done, bytes, failed }) => {
            progress.update({ done, bytes, note: failed > 0 ? `${failed} failed` : undefined })
          },
        })
        progress.stop()
        await say(context, report)
        return EXIT.fine
      } catch (error) {
        progress.stop()
        if (!(error instanceof CopyIncompleteError)) throw error
        await say(context, error.report)
        for (const { id, error: cause } of error.failures) out.fail(`${source.path(id)}: ${reasonOf(cause)}`)
        throw error
      }
    },
  )
}

async function say({ out }: CommandContext, report: CopyReport): Promise<void> {
  const { copied, skipped, vanished, leftovers } = report
  await out.report(
    [
      `${count(copied, 'file')} copied (${bytes(report.bytes)})`,
      `${skipped} were there already`,
      ...(vanished > 0 ? [`${vanished} were deleted meanwhile`] : []),
      ...(leftovers.length > 0
        ? [`${count(leftovers.length, 'leftover')} of killed processes left out`]
        : []),
    ].join(', '),
    { event: 'result', command: 'copy', ...report },
  )
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
