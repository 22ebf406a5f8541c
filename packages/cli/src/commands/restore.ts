import type { RestoredFile } from '@filedepot/ledger'
import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { EXIT } from '../exit-codes.ts'
import { parseDuration } from '../format.ts'
import { ledgerOf } from '../open-database.ts'

export function registerRestore(program: Command, cli: Cli): void {
  const command = program
    .command('restore')
    .argument('<path...>', 'storage/id')
    .description('keeps discarded files from being deleted, and prints what to write into a row')
    .option('--keep-for <time>', 'for how long drains leave the files alone (default: 24h)', parseDuration)
    .addHelpText(
      'after',
      '\nExit code 1 means that a file is gone, or that no file has the path. Needs a ledger.',
    )
  cli.run<{ keepFor?: number }>(command, async ({ out, open, signal }, { keepFor }, ...paths) => {
    const ledger = ledgerOf(await (await open()).database(), 'restore')
    let missing = 0
    for (const path of paths) {
      signal.throwIfAborted()
      const restored = await ledger.restore(path, keepFor === undefined ? {} : { keepFor })
      if (!restored.value) missing++
      await out.print(textOf(restored), { event: 'file', ...restored })
    }
    return missing > 0 ? EXIT.found : EXIT.fine
  })
}

function textOf({ path, state, keptUntil, value }: RestoredFile): string {
  const json = value ? `\n${JSON.stringify(value)}` : ''
  if (state === 'used') return `${path} is in a row: there is nothing to do${json}`
  if (state === 'deleting' || state === 'deleted')
    return `${path} is ${state === 'deleted' ? 'deleted' : 'being deleted'}: restore its bytes from a backup, as a new file`
  if (!value) return `${path} is not in the storage`
  const until = keptUntil ? `before ${keptUntil.toISOString()}` : 'before the next sweep'
  return `${path} is there. Write this into a row ${until}:${json}`
}
