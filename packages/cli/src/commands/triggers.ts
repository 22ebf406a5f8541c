import type { Command } from 'commander'
import { Option } from 'commander'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, relative, resolve } from 'node:path'
import type { Cli, CommandContext } from '../cli.ts'
import { triggersCheck } from '../doctor/triggers-check.ts'
import { EXIT, UsageError, type ExitCode } from '../exit-codes.ts'
import { count } from '../format.ts'
import { migrationOf, type MigrationKind } from '../migration.ts'
import { ledgerOf } from '../open-database.ts'
import type { Ledger } from '@filedepot/ledger'

interface TriggersOptions {
  readonly sql?: boolean
  readonly install?: boolean
  readonly remove?: boolean
  readonly migration?: MigrationKind
  readonly recount?: boolean
  readonly prune?: boolean
  readonly out?: string
}

export function registerTriggers(program: Command, cli: Cli): void {
  const command = program
    .command('triggers')
    .description('looks whether the triggers of the ledger are there; prints, installs or removes them')
    .option('--sql', 'prints the statements that make tables and triggers')
    .option('--install', 'makes what is missing, and counts the rows beside the application')
    .option('--remove', 'removes triggers and tables, and no file; asks before')
    .addOption(
      new Option('--migration <orm>', 'writes a migration that installs the ledger').choices([
        'typeorm',
        'prisma',
      ]),
    )
    .option('--recount', 'with --install: counts the rows anew in any case')
    .option('--prune', 'with --install: removes triggers of tables that are no columns of the configuration')
    .option('--out <path>', 'with --migration: its folder')
    .addHelpText('after', '\nWithout an option it only looks. Exit code 1 means that something is missing.')
  cli.run<TriggersOptions>(command, async (context, options) => {
    const chosen = (['sql', 'install', 'remove', 'migration'] as const).filter((name) => options[name])
    if (chosen.length > 1) throw new UsageError(`Choose one of --${chosen.join(' and --')}`)
    const database = await (await context.open()).database()
    const ledger = ledgerOf(database, 'triggers')
    switch (chosen[0]) {
      case 'sql': {
        const statements = await ledger.sql()
        const event = { event: 'result', command: 'triggers', statements } as const
        await context.out.print(statements.map((statement) => `${statement};`).join('\n'), event)
        return EXIT.fine
      }
      case 'install':
        return await install(context, ledger, options)
      case 'remove':
        return await remove(context, ledger, database.name)
      case 'migration':
        return await writeMigration(context, ledger, options)
      default:
        return await look(context, ledger, database.name)
    }
  })
}

async function look({ out }: CommandContext, ledger: Ledger, name: string): Promise<ExitCode> {
  const check = await ledger.check()
  const { state, text, advice } = triggersCheck(name, check)
  const { green, red } = out.colors
  const mark = state === 'ok' ? green('✔') : red('✘')
  await out.report(`${mark} ${text}${advice === undefined ? '' : `\n  ${advice}`}`, {
    event: 'result',
    command: 'triggers',
    ...check,
  })
  return check.isReady ? EXIT.fine : EXIT.found
}

async function install(
  { out }: CommandContext,
  ledger: Ledger,
  { recount = false, prune = false }: TriggersOptions,
): Promise<ExitCode> {
  const report = await ledger.install({ recount, prune })
  const { created, removed, repaired, dangling } = report
  const lines = [
    ...created.map((trigger) => `made     ${trigger}`),
    ...removed.map((trigger) => `removed  ${trigger}`),
    ...(created.length + removed.length === 0 ? ['All triggers were there'] : []),
    ...(repaired > 0 ? [`${count(repaired, 'count')} corrected`] : []),
    ...dangling.map((path) => out.colors.red(`A row refers to ${path}, which was deleted`)),
  ]
  await out.report(lines.join('\n'), { event: 'result', command: 'triggers', ...report })
  return dangling.length > 0 ? EXIT.found : EXIT.fine
}

async function remove({ out }: CommandContext, ledger: Ledger, name: string): Promise<ExitCode> {
  const what = `This removes the triggers and tables of the ledger of the database "${name}". Files that wait for their deletion stay.`
  if (!(await out.confirm(what))) return EXIT.failed
  await ledger.remove()
  await out.report('The ledger is removed. No file was deleted', { event: 'result', command: 'triggers' })
  return EXIT.fine
}

async function writeMigration(
  { out, cwd }: CommandContext,
  ledger: Ledger,
  { migration = 'typeorm', out: folder }: TriggersOptions,
): Promise<ExitCode> {
  const { path, text } = migrationOf(migration, await ledger.sql(), new Date())
  const file = resolve(cwd, folder ?? (migration === 'typeorm' ? 'migrations' : 'prisma/migrations'), path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text, { flag: 'wx' })
  const next =
    migration === 'typeorm'
      ? 'It runs without a transaction: set migrationsTransactionMode to "each".'
      : 'After the migrations, run "filedepot triggers --install": it counts the rows.'
  await out.report(`${relative(cwd, file)} is written. ${next}`, {
    event: 'result',
    command: 'triggers',
    file,
  })
  return EXIT.fine
}
