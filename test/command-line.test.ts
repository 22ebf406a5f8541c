import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { DepotManager, LocalBackend, UploadedFile, type FileStorage } from '@filedepot/core'
import { Ledger, sqliteClient } from '@filedepot/ledger'
import { S3Backend } from '@filedepot/s3'
import Database from 'better-sqlite3'
import { startFauxqs } from 'fauxqs'
import pg from 'pg'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { events, filedepot, OnTerminal } from './support/command-line.ts'
import { installConsumers } from './support/packed.ts'

/** Milliseconds; an installation is slow where the disk is. */
const TIMEOUT = 600_000
const PACKAGES = ['core', 'ledger', 'typeorm', 's3'].map((name) => `@filedepot/${name}`)
/** Older than the 24 hours of grace. */
const UUID = '01890a5d-ac96-774b-bcce-b302099a8057'

let folder: string
let app: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'filedepot-command-line-'))
  await installConsumers(folder, ['command-line'], ['filedepot', ...PACKAGES])
  app = join(folder, 'command-line')
}, TIMEOUT)

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
}, TIMEOUT)

const run = (...args: string[]) => filedepot(app, args)

describe('an application with TypeORM in TypeScript, on SQLite and local disk', () => {
  let database: Database.Database
  let closeDatabase: () => unknown = () => undefined
  let depot: DepotManager
  let files: FileStorage

  /** What the application does: it stores a file, and writes its row. */
  async function addPhoto(title: string): Promise<UploadedFile> {
    const file = await depot.upload(
      UploadedFile.from(Buffer.from(`a picture of ${title}`), { filename: `${title}.txt` }),
    )
    database.prepare('INSERT INTO photos (title, image) VALUES (?, ?)').run(title, JSON.stringify(file))
    return file
  }

  /** The paths of the files in a storage. */
  async function stored(storage = files): Promise<string[]> {
    const paths: string[] = []
    for await (const id of storage.list()) paths.push(storage.path(id))
    return paths
  }

  beforeEach(async () => {
    for (const name of ['app.db', 'uploads', 'backup'])
      await rm(join(app, name), { recursive: true, force: true })
    closeDatabase()
    database = new Database(join(app, 'app.db'))
    closeDatabase = () => database.close()
    database.exec(
      'CREATE TABLE photos (id integer PRIMARY KEY AUTOINCREMENT, title varchar NOT NULL, image text)',
    )
    depot = new DepotManager()
    files = depot.configure('default', new LocalBackend(join(app, 'uploads')))
    depot.configure('backup', new LocalBackend(join(app, 'backup')))
    const columns = [{ table: 'photos', column: 'image' }]
    await new Ledger(depot, sqliteClient(database), { columns }).install()
  }, TIMEOUT)

  afterAll(() => {
    closeDatabase()
  })

  it('doctor finds that all is well', async () => {
    await addPhoto('ada')

    const { exitCode, stdout, stderr } = await run('doctor')

    expect(stdout.replace(/\d+ms/g, '1ms')).toBe(
      [
        `✔ Node ${process.versions.node}`,
        '✔ Configuration filedepot.config.ts',
        '✔ filedepot 0.0.0 (core, ledger, typeorm, s3)',
        '✔ Storage "default" (Local) answers in 1ms',
        '✔ Storage "backup" (Local) answers in 1ms, and is empty',
        '✔ Database "default" answers',
        '✔ The ledger of "default" is complete and counted',
        '✔ 1 file in rows, 0 to be deleted',
        'All is well',
        '',
      ].join('\n'),
    )
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  })

  it('doctor and triggers see a trigger that is missing, and triggers --install mends it', async () => {
    const [trigger] = database
      .prepare("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'photos'")
      .pluck()
      .all() as string[]
    database.exec(`DROP TRIGGER "${trigger!}"`)

    const doctor = await run('doctor', '--json')
    const look = await run('triggers', '--json')
    const drain = await run('drain')
    const install = await run('triggers', '--install')
    const again = await run('triggers')

    expect(events(doctor).find(({ about }) => about === 'triggers')).toEqual({
      event: 'check',
      about: 'triggers',
      state: 'fault',
      text: `The ledger of "default" cannot be trusted, so nothing is deleted (missing: photos: ${trigger!})`,
      advice:
        'Run "filedepot triggers --install". It makes the triggers, and counts the rows beside the application.',
    })
    expect(events(doctor).at(-1)).toEqual({ event: 'result', command: 'doctor', faults: 1, warnings: 0 })
    expect(events(look)).toMatchObject([
      { event: 'result', isReady: false, missing: [`photos: ${trigger!}`] },
    ])
    expect(drain.stderr).toContain('LEDGER_INCOMPLETE')
    expect(drain.stderr).toContain('filedepot triggers --install')
    expect(install.stdout).toBe(`made     photos: ${trigger!}\n`)
    expect(again.stdout).toBe('✔ The ledger of "default" is complete and counted\n')
    expect([doctor, look, drain, install, again].map(({ exitCode }) => exitCode)).toEqual([1, 1, 3, 0, 0])
  })

  it('triggers prints the statements, and writes migrations for both ORMs', async () => {
    const sql = await run('triggers', '--sql')
    const typeorm = await run('triggers', '--migration', 'typeorm')
    const prisma = await run('triggers', '--migration', 'prisma', '--out', 'sql')

    expect(sql.stdout).toMatch(/^CREATE TABLE IF NOT EXISTS main\.filedepot_files .*;\nCREATE TRIGGER/s)
    const [migration] = await readdir(join(app, 'migrations'))
    expect(migration).toMatch(/^\d{13}-InstallLedger\.ts$/)
    expect(typeorm.stdout).toContain(`migrations/${migration!} is written.`)
    const [named] = await readdir(join(app, 'sql'))
    expect(await readFile(join(app, 'sql', named!, 'migration.sql'), 'utf8')).toContain(sql.stdout)
    expect([sql, typeorm, prisma].map(({ exitCode }) => exitCode)).toEqual([0, 0, 0])
  })

  it('ls, show and cat say what is there', async () => {
    const { path, id } = await addPhoto('ada')

    const ls = await run('ls', '--quiet')
    const long = await run('ls', '-l', '--json')
    const show = await run('show', path)
    const cat = await run('cat', path)
    const none = await run('show', `default/${UUID}`, '--json')
    const noFile = await run('cat', `default/${UUID}`)

    expect(ls.stdout).toBe(`${path}\n`)
    expect(events(long)).toMatchObject([
      { event: 'file', path, filename: 'ada.txt', contentType: 'text/plain', size: 16 },
    ])
    expect(show.stdout).toMatch(
      new RegExp(
        `^path     ${path}\nname     ada.txt\ntype     text/plain\nsize     16 B \\(16 bytes\\)\nsha256   [0-9a-f]{64}\nchanged  .*Z\nrow      photos.image of id 1\nledger   used by 1\n$`,
      ),
    )
    expect(cat.stdout).toBe('a picture of ada')
    expect(events(none)).toEqual([{ event: 'file', path: `default/${UUID}`, exists: false, rows: [] }])
    expect(noFile.stderr).toContain('FILE_NOT_FOUND')
    expect([ls, long, show, cat, none, noFile].map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0, 1, 3])
    expect(id).toHaveLength(36)
  })

  it('drain deletes what the last row has given up, and stats counts it', async () => {
    await addPhoto('ada')
    const { path } = await addPhoto('bob')
    database.exec("DELETE FROM photos WHERE title = 'ada'")

    const before = await run('stats', '--json')
    const drain = await run('drain')
    const after = await run('stats', '--json')

    expect(events(before)).toMatchObject([
      { event: 'result', command: 'stats', used: 1, waiting: 1, failing: 0 },
    ])
    expect(drain.stdout).toBe('1 file deleted\n')
    expect(events(after)).toMatchObject([{ used: 1, waiting: 0 }])
    expect(await stored()).toEqual([path])
    expect([before, drain, after].map(({ exitCode }) => exitCode)).toEqual([0, 0, 0])
  })

  it('sweep deletes uploads that no row has taken, and none that is young', async () => {
    const { path } = await addPhoto('ada')
    await depot.upload(UploadedFile.from(Buffer.from('of a transaction that was never committed')))

    const young = await run('sweep')
    const kept = await stored()
    const sweep = await run('sweep', '--grace', '0', '--json')

    expect(young.stdout).toContain('0 uploads without a row deleted')
    expect(kept).toHaveLength(2)
    expect(events(sweep).at(-1)).toMatchObject({ event: 'result', command: 'sweep', swept: 1, failed: 0 })
    expect(await stored()).toEqual([path])
    expect([young, sweep].map(({ exitCode }) => exitCode)).toEqual([0, 0])
  })

  it('gc names files without a row, and deletes them with --delete and --yes only', async () => {
    const { path } = await addPhoto('ada')
    const orphan = await depot.upload(UploadedFile.from(Buffer.from('nobody wants this')))

    const look = await run('gc', '--grace', '0')
    const refused = await run('gc', '--grace', '0', '--delete')
    const kept = await stored()
    const done = await run('gc', '--grace', '0', '--delete', '--yes', '--json')

    expect(look.stdout).toBe(
      [
        `  no row     ${orphan.path}`,
        '2 files in the storages, 1 value in rows',
        '1 file without a row; nothing was deleted',
        'Look at some of them, and then run: filedepot gc --delete',
        '',
      ].join('\n'),
    )
    expect(refused.stderr).toBe(
      '✘ This deletes files that have no row. There is no terminal to ask on: add --yes if that is what you want\n',
    )
    expect(kept).toHaveLength(2)
    expect(events(done).filter(({ event }) => event !== 'progress')).toEqual([
      { event: 'finding', kind: 'orphaned', path: orphan.path },
      expect.objectContaining({
        event: 'result',
        command: 'gc',
        orphaned: 1,
        deleted: 1,
        failed: 0,
        dryRun: false,
      }),
    ])
    expect(await stored()).toEqual([path])
    expect([look, refused, done].map(({ exitCode }) => exitCode)).toEqual([1, 2, 0])
  })

  it('verify names rows whose file is missing, and bytes that have changed', async () => {
    const { path } = await addPhoto('ada')
    const changed = await addPhoto('bob')
    const fine = await run('verify', '--hash')
    await files.delete(path.slice('default/'.length))
    for (const name of await readdir(join(app, 'uploads'), { recursive: true })) {
      const file = join(app, 'uploads', name)
      const text = await readFile(file, 'utf8').catch(() => '')
      if (text.includes('a picture of bob')) await writeFile(file, text.replace('picture', 'PICTURE'))
    }

    const verify = await run('verify', '--hash', '--json')

    expect(fine.stdout).toBe(
      '2 files in the storages, 2 values in rows\nEvery row has its files, and every file its row\n',
    )
    const row = { table: 'photos', column: 'image' }
    const findings = events(verify).filter(({ event }) => event === 'finding')
    expect(findings).toHaveLength(2)
    expect(findings).toEqual(
      expect.arrayContaining([
        { event: 'finding', kind: 'dangling', path, ...row, key: { id: 1 } },
        {
          event: 'finding',
          kind: 'changed',
          path: changed.path,
          ...row,
          key: { id: 2 },
          reason: expect.any(String),
        },
      ]),
    )
    expect(events(verify).at(-1)).toMatchObject({ event: 'result', dangling: 1, changed: 1, orphaned: 0 })
    expect([fine, verify].map(({ exitCode }) => exitCode)).toEqual([0, 1])
  })

  it('copy makes a backup once, migrate moves rows, and restore brings an old file back', async () => {
    const { path, id } = await addPhoto('ada')

    const copy = await run('copy', 'default', 'backup', '--json')
    const again = await run('copy', 'default', 'backup', '--json')
    const dry = await run('migrate', '--from', 'default', '--to', 'backup', '--dry-run')
    const move = await run('migrate', '--from', 'default', '--to', 'backup', '--yes', '--json')
    const restore = await run('restore', path, '--json')

    expect(events(copy).at(-1)).toMatchObject({ event: 'result', command: 'copy', copied: 1, skipped: 0 })
    expect(events(again).at(-1)).toMatchObject({ copied: 0, skipped: 1 })
    expect(dry.stdout).toBe('1 value to move; nothing was moved\n')
    expect(events(move).at(-1)).toMatchObject({
      event: 'result',
      command: 'migrate',
      changed: 1,
      left: 0,
      failed: 0,
    })
    const row = database.prepare('SELECT image FROM photos').pluck().get() as string
    expect(JSON.parse(row)).toMatchObject({ storage: 'backup', id })
    expect(events(restore)).toMatchObject([
      { event: 'file', path, state: 'discarded', value: { storage: 'default', id } },
    ])
    expect([copy, again, dry, move, restore].map(({ exitCode }) => exitCode)).toEqual([0, 0, 1, 0, 0])
  })

  it('own and triggers --remove want a yes', async () => {
    const refused = await run('own')
    const own = await run('own', 'default', '--yes')
    const notRemoved = await run('triggers', '--remove')
    const removed = await run('triggers', '--remove', '--yes')
    const look = await run('triggers')

    expect(refused.stderr).toContain(
      'From now on sweeps of the database "default" delete every upload in default, backup',
    )
    expect(own.stdout).toBe('The database "default" owns default\n')
    expect(removed.stdout).toBe('The ledger is removed. No file was deleted\n')
    expect([refused, own, notRemoved, removed, look].map(({ exitCode }) => exitCode)).toEqual([2, 0, 2, 0, 1])
  })

  it('quiet says nothing but errors', async () => {
    await addPhoto('ada')

    const said = await Promise.all(
      ['doctor', 'drain', 'sweep', 'gc', 'verify'].map((name) => run(name, '-q')),
    )

    expect(said).toEqual(said.map(() => ({ exitCode: 0, stdout: '', stderr: '' })))
  })

  it('finds the configuration from a folder below', async () => {
    await addPhoto('ada')

    const below = join(app, 'deep', 'er')
    await mkdir(below, { recursive: true })

    const { exitCode, stdout } = await filedepot(below, ['ls'], { project: app })

    expect(stdout).toHaveLength(`default/${UUID}\n`.length)
    expect(exitCode).toBe(0)
  })

  describe('on a terminal', () => {
    it('asks before it deletes, and takes no for an answer', async () => {
      const { path } = await addPhoto('ada')
      const orphan = await depot.upload(UploadedFile.from(Buffer.from('nobody wants this')))

      const terminal = new OnTerminal(app, ['gc', '--grace', '0', '--delete'])
      await terminal.shows('Go on?')
      terminal.type('n')

      expect(await terminal.exitCode).toBe(3)
      expect(await terminal.screen()).toEqual([
        `  no row     ${orphan.path}`,
        '2 files in the storages, 1 value in rows',
        '1 file without a row; nothing was deleted',
        '◇  This deletes 1 file without a row, and all that are found meanwhile. Go on?',
        'No',
      ])
      expect(await stored()).toEqual([path, orphan.path])
    })

    it('deletes after a yes', async () => {
      const { path } = await addPhoto('ada')
      await depot.upload(UploadedFile.from(Buffer.from('nobody wants this')))

      const terminal = new OnTerminal(app, ['gc', '--grace', '0', '--delete'])
      await terminal.shows('Go on?')
      terminal.type('y')

      expect(await terminal.exitCode).toBe(0)
      expect(await terminal.screen()).toContain('1 file without a row deleted')
      expect(await stored()).toEqual([path])
    })

    it('shows a bar; Ctrl-C stops cleanly, and the next run goes on', async () => {
      for (let n = 0; n < 20; n++) await addPhoto(`photo ${n}`)

      const terminal = new OnTerminal(app, [
        'copy',
        'default',
        'backup',
        '--rate',
        '50',
        '--concurrency',
        '1',
      ])
      await terminal.shows(' 2 of 20 files')
      terminal.type('\x03')
      const exitCode = await terminal.exitCode
      const screen = (await terminal.screen()).join('\n')
      const copied = (await stored(depot.get('backup'))).length
      const again = await run('copy', 'default', 'backup', '--json')

      expect(terminal.all).toMatch(/█+░+ Copying: 2 of 20 files, \d+ B, [\d.]+\/s, \d+[ms] left/)
      expect(screen).toContain('Stopping when what is in progress is done.')
      expect(screen).toContain('✘ Stopped. (ABORTED)')
      expect(screen).toContain('Run the same command again to go on.')
      expect(exitCode).toBe(3)
      expect(copied).toBeLessThan(20)
      expect(events(again).at(-1)).toMatchObject({ copied: 20 - copied, skipped: copied })
    })
  })
})

const postgres = process.env.FILEDEPOT_TEST_POSTGRES_URL

;(postgres === undefined ? describe.skip : describe)(
  'a configuration without code, PostgreSQL and S3',
  () => {
    const name = `filedepot_cli_${process.pid}`
    const url = new URL(postgres ?? 'postgres://x')
    const s3 = { bucket: 'files', region: 'us-east-1', forcePathStyle: true }
    const keys = { AWS_ACCESS_KEY_ID: 'test-key-id-1234', AWS_SECRET_ACCESS_KEY: 'very-secret-key-5678' }
    let project: string
    let admin: pg.Client
    let pool: pg.Pool
    let server: Awaited<ReturnType<typeof startFauxqs>>
    let depot: DepotManager
    let env: Record<string, string>

    beforeAll(async () => {
      admin = new pg.Client({ connectionString: postgres })
      await admin.connect()
      await admin.query(`CREATE DATABASE ${name}`)
      url.pathname = `/${name}`
      pool = new pg.Pool({ connectionString: url.href })
      await pool.query('CREATE TABLE documents (tenant int, id int, content jsonb, PRIMARY KEY (tenant, id))')
      server = await startFauxqs({ port: 0, logger: false })
      const endpoint = `http://127.0.0.1:${server.port}`
      const credentials = { accessKeyId: keys.AWS_ACCESS_KEY_ID, secretAccessKey: keys.AWS_SECRET_ACCESS_KEY }
      const backend = new S3Backend({ ...s3, endpoint, credentials })
      await backend.ensureBucket()
      depot = new DepotManager()
      depot.configure('default', backend)
      env = { ...keys, DATABASE_URL: url.href }
      project = join(app, 'plain')
      await mkdir(project, { recursive: true })
      const config = {
        storages: { default: { backend: 's3', endpoint, ...s3 } },
        database: { url: '$DATABASE_URL', columns: [{ table: 'documents', column: 'content' }] },
      }
      await writeFile(join(project, 'filedepot.config.json'), JSON.stringify(config))
    }, TIMEOUT)

    afterAll(async () => {
      await pool.end()
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`)
      await admin.end()
      await depot.close()
      await server.stop()
    })

    const plain = (args: readonly string[], more: Record<string, string> = {}) =>
      filedepot(project, args, { project: app, env: { ...env, ...more } })

    it('installs the ledger, drains, finds what is missing, and collects garbage', async () => {
      const install = await plain(['triggers', '--install'])
      const [kept, given, orphan] = await Promise.all(
        ['kept', 'given up', 'orphan'].map((text) => depot.upload(UploadedFile.from(Buffer.from(text)))),
      )
      for (const [id, file] of [kept, given].entries())
        await pool.query('INSERT INTO documents VALUES (1, $1, $2)', [id, JSON.stringify(file)])
      await pool.query('DELETE FROM documents WHERE id = 1')

      const doctor = await plain(['doctor', '--json'])
      const drain = await plain(['drain', '--json'])
      const gc = await plain(['gc', '--grace', '0', '--delete', '--yes', '--json'])
      await depot.get().delete(kept!.id)
      // A storage that has no file at all is taken for the wrong one.
      await depot.get().create(Buffer.from('another'))
      const verify = await plain(['verify', '--json'])

      expect(install.stdout).toMatch(/^made +public\.documents: /)
      expect(events(doctor).at(-1)).toEqual({ event: 'result', command: 'doctor', faults: 0, warnings: 0 })
      expect(events(drain).at(-1)).toMatchObject({ deleted: 1, failed: 0, waiting: 0 })
      expect(events(gc).filter(({ event }) => event !== 'progress')).toEqual([
        { event: 'finding', kind: 'orphaned', path: orphan!.path },
        expect.objectContaining({ event: 'result', orphaned: 1, deleted: 1, failed: 0 }),
      ])
      expect(events(verify).filter(({ event }) => event === 'finding')).toEqual([
        expect.objectContaining({
          kind: 'dangling',
          path: kept!.path,
          column: 'content',
          key: { tenant: '1', id: '0' },
        }),
      ])
      expect([install, doctor, drain, gc, verify].map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0, 1])
    })

    it('says what could not be done with exit code 3, and no secret', async () => {
      const noDatabase = await plain(['stats'], {
        DATABASE_URL: 'postgres://app:hunter2secret@127.0.0.1:1/none',
      })
      const noKeys = await plain(['ls'], {
        AWS_SECRET_ACCESS_KEY: '',
        AWS_ACCESS_KEY_ID: '',
        AWS_EC2_METADATA_DISABLED: 'true',
      })
      const noVariable = await plain(['stats'], { DATABASE_URL: '' })

      const said = [noDatabase, noKeys, noVariable].map(({ stdout, stderr }) => stdout + stderr).join('\n')
      expect(said).not.toContain('hunter2secret')
      expect(said).not.toContain('very-secret-key-5678')
      expect(noVariable.stderr).toBe(
        '✘ the configuration needs the variable DATABASE_URL of the environment\n',
      )
      expect([noDatabase, noKeys, noVariable].map(({ exitCode }) => exitCode)).toEqual([3, 3, 2])
    })
  },
)

describe('the command line itself', () => {
  it.each([
    ['an unknown command', ['nope'], "unknown command 'nope'"],
    ['an unknown option', ['gc', '--purge'], "unknown option '--purge'"],
    ['a missing argument', ['cat'], "missing required argument 'path'"],
    ['a time without its unit', ['sweep', '--grace', '24'], 'Expected a time such as 24h, 30m or 7d.'],
    ['two ways at once', ['gc', '--dry-run', '--delete'], '--dry-run and --delete exclude each other'],
    ['an unknown database', ['stats', '--database', 'x'], 'there is no database "x"'],
    ['no configuration', ['stats', '--config', 'none.ts'], 'there is no configuration'],
    ['a path that is none', ['cat', 'default/x'], 'INVALID_FILE_ID'],
  ])('refuses %s with exit code 2', async (_, args, message) => {
    const { exitCode, stdout, stderr } = await run(...args)

    expect(stderr).toContain(message)
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
  })

  it('explains every command that docs/command-line.md names, and no other', async () => {
    const { stdout, exitCode } = await run('--help')
    const page = (await readFile('docs/command-line.md', 'utf8')).split(/^## /m)
    const table = page.find((section) => section.startsWith('Commands')) ?? ''
    const documented = [...table.matchAll(/^\| `([a-z]+)/gm)].map(([, name]) => name)

    const commands = [...stdout.matchAll(/^ {2}([a-z]+) .*/gm)]
      .map(([, name]) => name)
      .filter((name) => name !== 'help')
    const helps = await Promise.all(commands.map((name) => run('help', name!)))

    expect(exitCode).toBe(0)
    expect(new Set(documented)).toEqual(new Set(commands))
    for (const [index, help] of helps.entries()) {
      expect(help.exitCode).toBe(0)
      expect(help.stdout).toMatch(new RegExp(`^Usage: filedepot ${commands[index]!} `))
      expect(help.stdout).toContain('--help')
    }
    expect(stdout).toContain('Exit codes:\n  0  fine')
  })
})

it('init writes a configuration that doctor can run', async () => {
  const project = join(folder, 'command-line', 'fresh')
  await mkdir(join(project, 'src'), { recursive: true })
  await writeFile(
    join(project, 'package.json'),
    '{ "type": "module", "dependencies": { "typeorm": "1.1.1" } }',
  )
  await writeFile(
    join(project, 'src', 'database.js'),
    `import { attachDepot } from '@filedepot/typeorm'
import { DataSource } from 'typeorm'

export const AppDataSource = attachDepot(new DataSource({ type: 'better-sqlite3', database: 'fresh.db', entities: [] }))
`,
  )
  // Packages are looked for in the folders above, too.
  const init = await filedepot(project, ['init'], { project: app })
  const again = await filedepot(project, ['init'], { project: app })
  const doctor = await filedepot(project, ['doctor', '--json'], { project: app })

  expect(init.stdout).toContain('Found TypeORM (src/database.js)')
  expect(events(doctor).filter(({ state }) => state === 'fault')).toEqual([])
  expect([init, again, doctor].map(({ exitCode }) => exitCode)).toEqual([0, 2, 0])
})
