import type { VerifyReport } from '@filedepot/ledger'
import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { workOf } from '../database-work.ts'
import { EXIT } from '../exit-codes.ts'
import { compare } from '../findings.ts'
import { count } from '../format.ts'
import type { Output } from '../output.ts'
import * as options from '../options.ts'

export function registerVerify(program: Command, cli: Cli): void {
  const command = program
    .command('verify')
    .description('looks whether every row has its files, and every file its row; changes nothing')
    .option('--hash', 'reads every file, and compares its bytes with size and SHA-256')
    .addOption(options.grace('files without a row are not named while they are younger'))
    .addOption(options.storages())
    .addOption(options.all())
    .addHelpText('after', '\nRun it after an accident, after a backup was restored, and before gc --delete.')
  cli.run<{ hash?: boolean; grace?: number; storage?: string[]; all?: boolean }>(
    command,
    async ({ out, open, signal }, { hash = false, grace, storage, all }) => {
      const config = await open()
      const { verify } = await workOf(config, await config.database())
      const label = hash ? 'Reading' : 'Comparing'
      const report = await compare(out, { label, all }, (heard) =>
        verify({
          hash,
          signal,
          ...(grace !== undefined && { grace }),
          ...(storage && { storages: storage }),
          ...heard,
        }),
      )
      await say(out, report)
      const { dangling, orphaned, changed, unreadable, unconfigured, unchecked } = report
      return dangling + orphaned + changed + unreadable + unconfigured + unchecked > 0
        ? EXIT.found
        : EXIT.fine
    },
  )
}

async function say(out: Output, report: VerifyReport): Promise<void> {
  const { files, values, dangling, orphaned, changed, unreadable, unconfigured, unchecked } = report
  const { green, red, yellow } = out.colors
  const part = (value: number, text: string, colored = red) => (value > 0 ? [colored(text)] : [])
  const faults = [
    ...part(dangling, `${count(dangling, 'row')} without the file`),
    ...part(changed, `${count(changed, 'file')} that changed`),
    ...part(unreadable, `${count(unreadable, 'value')} that cannot be read`),
    ...part(unchecked, `${count(unchecked, 'file')} that the storage could not read`),
    ...part(unconfigured, `${count(unconfigured, 'row')} with a file of a storage that is not configured`),
    ...part(orphaned, `${count(orphaned, 'file')} without a row: "filedepot gc" looks after them`, yellow),
  ]
  const lines = [
    `${count(files, 'file')} in the storages, ${count(values, 'value')} in rows`,
    ...(faults.length > 0 ? faults : [green('Every row has its files, and every file its row')]),
  ]
  const counts = { files, values, dangling, orphaned, changed, unreadable, unconfigured, unchecked }
  await out.report(lines.join('\n'), { event: 'result', command: 'verify', ...counts })
}
