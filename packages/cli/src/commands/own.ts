import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { EXIT } from '../exit-codes.ts'
import { ledgerOf } from '../open-database.ts'

export function registerOwn(program: Command, cli: Cli): void {
  const command = program
    .command('own')
    .argument('[storage...]', 'names of storages (default: all)')
    .description('makes this database the one that deletes in the storages; asks before')
    .addHelpText(
      'after',
      '\nFor after a backup was restored, or a storage was replaced: "LEDGER_NOT_OWNER" in docs/recovery.md.\nNever run it on a copy of the database, such as that of a staging system.',
    )
  cli.run(command, async ({ out, open }, _, ...storages) => {
    const database = await (await open()).database()
    const ledger = ledgerOf(database, 'own')
    const names = storages.length > 0 ? storages : database.depot.storages().map(({ name }) => name)
    const what = `From now on sweeps of the database "${database.name}" delete every upload in ${names.join(', ')} that this database does not know.`
    if (!(await out.confirm(what))) return EXIT.failed
    await ledger.own(names)
    await out.report(`The database "${database.name}" owns ${names.join(', ')}`, {
      event: 'result',
      command: 'own',
      storages: names,
    })
    return EXIT.fine
  })
}
