import type { Command } from 'commander'
import { pipeline } from 'node:stream/promises'
import type { Cli } from '../cli.ts'
import { EXIT } from '../exit-codes.ts'

export function registerCat(program: Command, cli: Cli): void {
  const command = program
    .command('cat')
    .argument('<path>', 'storage/id')
    .description('writes the bytes of a file to standard output')
    .addHelpText(
      'after',
      '\nExample:\n  filedepot cat default/01890a5d-ac96-774b-bcce-b302099a8057 > photo.jpg',
    )
  cli.run(command, async ({ out, open, signal }, _, path = '') => {
    const file = await (await open()).depot.getFile(path)
    await pipeline(await file.stream(undefined, { signal }), out.raw, { end: false, signal })
    return EXIT.fine
  })
}
