import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DataSource, type DataSourceOptions } from 'typeorm'

/** A photo as its row has it. */
export interface PhotoRow {
  readonly id: number
  readonly caption: string
  readonly filename: string
  /** Ids, sorted. */
  readonly files: readonly string[]
}

/** A look at the database, past the gallery. */
export class Rows implements AsyncDisposable {
  readonly #dataSource: DataSource

  constructor(options: DataSourceOptions) {
    this.#dataSource = new DataSource(options)
  }

  async albums(): Promise<string[]> {
    const rows = await this.#query<{ title: string }>('SELECT title FROM album ORDER BY id')
    return rows.map(({ title }) => title)
  }

  async photos(): Promise<PhotoRow[]> {
    const rows = await this.#query<{ id: number; caption: string; image: string }>(
      'SELECT id, caption, image FROM photo ORDER BY id',
    )
    return rows.map(({ id, caption, image }) => {
      const { filename, files } = JSON.parse(image) as { filename: string; files: string[] }
      return { id, caption, filename, files: files.map((path) => path.split('/')[1]!).sort() }
    })
  }

  /** The ids of all files that rows have. */
  async files(): Promise<string[]> {
    return (await this.photos()).flatMap(({ files }) => files).sort()
  }

  async #query<T>(sql: string): Promise<T[]> {
    if (!this.#dataSource.isInitialized) await this.#dataSource.initialize()
    return await this.#dataSource.query(sql)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#dataSource.isInitialized) await this.#dataSource.destroy()
  }
}

/** The ids of the files whose bytes are in a folder, found without asking filedepot. */
export async function filesOnDisk(folder: string): Promise<string[]> {
  const files = join(folder, 'files')
  if (!existsSync(files)) return []
  const entries = await readdir(files, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.json') && entry.name !== '.depot')
    .map(({ name }) => name.slice(0, 36))
    .sort()
}
