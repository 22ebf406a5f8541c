import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { EXIT } from '../exit-codes.ts'
import { number } from '../format.ts'
import { ledgerOf } from '../open-database.ts'
import { table } from '../table.ts'

export function registerStats(program: Command, cli: Cli): void {
  const command = program
    .command('stats')
    .description('how many files there are, and what waits for its deletion')
  cli.run(command, async ({ out, open }) => {
    const database = await (await open()).database()
    const stats = await ledgerOf(database, 'stats').stats()
    const rows = [
      ['files that rows have', number(stats.used)],
      ['wait for their deletion', number(stats.waiting)],
      ['of these, could not be deleted', number(stats.failing)],
      ['values that cannot be read', number(stats.unreadable)],
    ]
    await out.print(table(rows, { right: [1] }), { event: 'result', command: 'stats', ...stats })
    return EXIT.fine
  })
}
