import { readdir } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Repository } from 'typeorm'
import type { Person } from './person.ts'

/** Tells the story step by step, and after each step compares the rows with the files that are on the disk. */
export class Story {
  readonly #people: Repository<Person>
  readonly #folder: string
  steps = 0

  constructor(people: Repository<Person>, folder: string) {
    this.#people = people
    this.#folder = folder
  }

  async step(title: string, action: () => Promise<void>): Promise<void> {
    console.log(`\n${++this.steps}. ${title}`)
    await action()

    const rows = await this.#people.find({ order: { id: 'ASC' } })
    const files = await this.#filesOnDisk()
    for (const { id, name, photo } of rows) {
      console.log(`  row   ${id} ${name}: ${photo ? `${photo.filename} ${photo.id}` : 'no file'}`)
    }
    for (const id of files) console.log(`  file  ${id}`)

    const wanted = rows.flatMap(({ photo }) => photo?.id ?? []).sort()
    if (wanted.join() !== files.join()) {
      throw new Error(`rows and files disagree: rows have ${wanted.join()}, the disk has ${files.join()}`)
    }
  }

  /** The ids of the files whose bytes are in the folder, found without asking filedepot. */
  async #filesOnDisk(): Promise<string[]> {
    const entries = await readdir(this.#folder, { recursive: true, withFileTypes: true })
    return entries
      .filter((entry) => entry.isFile() && !entry.name.endsWith('.json') && entry.name !== '.depot')
      .map((entry) => basename(entry.name).slice(0, 36))
      .sort()
  }
}

/** Runs what is to fail with this message, and fails itself where it does not. */
export async function expectRefusal(message: string, action: () => Promise<unknown>): Promise<void> {
  const error = await action().then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof Error) || error.message !== message)
    throw new Error(`Expected "${message}"`, { cause: error })
  console.log(`  (${message})`)
}
