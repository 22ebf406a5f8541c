import type { Command } from 'commander'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Cli } from '../cli.ts'
import { EXIT, UsageError } from '../exit-codes.ts'
import { configFor } from '../init/config-for.ts'
import { lookAround } from '../init/look-around.ts'

export function registerInit(program: Command, cli: Cli): void {
  const command = program
    .command('init')
    .description(
      'writes filedepot.config.ts for what it finds: a data source of TypeORM, a schema of Prisma, storages',
    )
    .option('--force', 'writes over one that is there')
    .addHelpText('after', '\nIt runs nothing of your application. Look at the file before you use it.')
  cli.run<{ force?: boolean }>(command, async ({ out, cwd, streams }, { force = false }) => {
    const found = await lookAround(cwd, streams.env)
    const name = `filedepot.config.${found.isTypescript ? 'ts' : 'mjs'}`
    const text = configFor(found)
    try {
      await writeFile(join(cwd, name), text, { flag: force ? 'w' : 'wx' })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      throw new UsageError(`${name} is there already: add --force to write over it`)
    }
    const { orm, dataSource, prismaSchema, storages } = found
    const lines = [
      orm === undefined
        ? 'No ORM was found'
        : `Found ${orm === 'typeorm' ? 'TypeORM' : 'Prisma'}${pathText(dataSource ?? prismaSchema)}`,
      ...(storages.length > 0 ? [`Storages of the environment: ${storages.join(', ')}`] : []),
      `${name} is written. Look at it, and then run: npx filedepot doctor`,
    ]
    await out.report(lines.join('\n'), { event: 'result', command: 'init', file: name, ...found })
    return EXIT.fine
  })
}

function pathText(path: string | undefined): string {
  return path === undefined ? '' : ` (${path})`
}
