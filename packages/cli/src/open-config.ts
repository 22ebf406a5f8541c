import type { DepotManager, FileStorage } from '@filedepot/core'
import type { FileRows } from '@filedepot/ledger'
import type { DatabaseEntry, DatabaseOnDepot, DatabaseSource, FiledepotConfig } from './config.ts'
import { UsageError } from './exit-codes.ts'
import { openDatabase, type OpenDatabase } from './open-database.ts'
import type { Project } from './project.ts'

/** Which of several depots and databases a command is about. */
export interface Choice {
  readonly depot?: string | undefined
  readonly database?: string | undefined
}

/** The depots and databases of a configuration. Databases are connected when a command asks for them. */
export class OpenConfig {
  readonly #config: FiledepotConfig
  readonly #choice: Choice
  readonly #depots: ReadonlyMap<string, DepotManager>
  readonly #entries: ReadonlyMap<string, DatabaseEntry>
  readonly #open = new Map<string, Promise<OpenDatabase>>()

  /** @throws UsageError if the choice names what is not there */
  constructor(
    readonly path: string,
    readonly project: Project,
    config: FiledepotConfig,
    choice: Choice,
  ) {
    this.#config = config
    this.#choice = choice
    this.#depots = new Map(Object.entries(config.depots ?? (config.depot ? { default: config.depot } : {})))
    this.#entries = new Map(
      Object.entries(config.databases ?? (config.database ? { default: config.database } : {})),
    )
    if (this.#depots.size === 0) throw new UsageError(`${path} has no depot`)
    this.#expect('depot', this.#depots, choice.depot)
    this.#expect('database', this.#entries, choice.database)
  }

  /** All depots by name. */
  get depots(): ReadonlyMap<string, DepotManager> {
    return this.#depots
  }

  /** The names of the databases that the command is about. */
  get databaseNames(): string[] {
    const { database } = this.#choice
    return database === undefined ? [...this.#entries.keys()] : [database]
  }

  /** The depot that was chosen; else that of the only database, or the first. */
  get depot(): DepotManager {
    const { depot, database } = this.#choice
    if (depot !== undefined) return this.#depotNamed(depot)
    if (database !== undefined) return this.#depotOf(database)
    if (this.#depots.size > 1) throw severalOf('depots', 'depot', this.#depots)
    return this.#depotNamed([...this.#depots.keys()][0])
  }

  /**
   * A storage by its name, or by `depot/storage`.
   *
   * @throws UsageError if there is no such depot
   */
  storage(name: string): FileStorage {
    const [depot, storage] = name.split('/')
    return storage === undefined ? this.depot.get(name) : this.#depotNamed(depot).get(storage)
  }

  /**
   * The database that was chosen, or the only one.
   *
   * @throws UsageError if there are several, or none
   */
  async database(): Promise<OpenDatabase> {
    const names = this.databaseNames
    const [name] = names
    if (name === undefined)
      throw new UsageError(`${this.path} has no database: add database, such as your data source or client`)
    if (names.length > 1) throw severalOf('databases', 'database', this.#entries)
    return await this.databaseNamed(name)
  }

  /** A database by its name. Connected once. */
  async databaseNamed(name: string): Promise<OpenDatabase> {
    const known = this.#open.get(name)
    if (known) return await known
    const opening = this.#connect(name)
    this.#open.set(name, opening)
    return await opening
  }

  /**
   * The rows of all databases whose files are on the same depot as those of this one. To one database alone, the files of the
   * others are garbage.
   */
  async rowsBeside({ depot }: OpenDatabase): Promise<FileRows> {
    const names = [...this.#entries.keys()].filter((name) => this.#depotOf(name) === depot)
    const databases: OpenDatabase[] = []
    for (const name of names) databases.push(await this.databaseNamed(name))
    return {
      async *values(signal) {
        for (const { rows } of databases) yield* rows.values(signal)
      },
    }
  }

  /** Closes what was opened. */
  async close(): Promise<void> {
    const open = await Promise.allSettled(this.#open.values())
    const closing = open.map(async (one) => {
      if (one.status === 'fulfilled') await one.value.close()
    })
    await Promise.allSettled(closing)
    await Promise.allSettled([...this.#depots.values()].map((depot) => depot.close()))
    await this.#config.close?.()
  }

  async #connect(name: string): Promise<OpenDatabase> {
    const entry = this.#entries.get(name)
    if (!entry) throw new UsageError(`there is no database "${name}"`)
    const given = isOnDepot(entry) ? entry.source : entry
    const source: DatabaseSource = typeof given === 'function' ? await given() : given
    return await openDatabase(source, { name, depot: this.#depotOf(name), project: this.project })
  }

  #depotOf(database: string): DepotManager {
    const entry = this.#entries.get(database)
    return this.#depotNamed(entry && isOnDepot(entry) ? entry.depot : [...this.#depots.keys()][0])
  }

  #depotNamed(name: string | undefined): DepotManager {
    const depot = this.#depots.get(name ?? '')
    if (depot) return depot
    throw new UsageError(
      `there is no depot "${String(name)}": expected one of ${[...this.#depots.keys()].join(', ')}`,
    )
  }

  #expect(what: string, known: ReadonlyMap<string, unknown>, name: string | undefined): void {
    if (name === undefined || known.has(name)) return
    const names = [...known.keys()].join(', ')
    throw new UsageError(
      `there is no ${what} "${name}": expected ${names === '' ? 'none, as the configuration has none' : `one of ${names}`}`,
    )
  }
}

function severalOf(what: string, option: string, known: ReadonlyMap<string, unknown>): UsageError {
  return new UsageError(`there are several ${what}: choose one by --${option} ${[...known.keys()].join('|')}`)
}

function isOnDepot(entry: DatabaseEntry): entry is DatabaseOnDepot {
  return typeof entry === 'object' && 'source' in entry && 'depot' in entry
}
