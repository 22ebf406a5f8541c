import { join } from 'node:path'
import { readSorted, shardOf } from './folders.ts'

/** The names of all that bears an id: sidecars, bytes, and sidecars that were not put into their place. Each folder is read once. */
export class NamesOfIds {
  readonly #folder: string
  readonly #names = new Map<string, Promise<string[]>>()

  constructor(folder: string) {
    this.#folder = folder
  }

  async of(id: string): Promise<string[]> {
    const shard = shardOf(id)
    let reading = this.#names.get(shard)
    if (!reading) this.#names.set(shard, (reading = readSorted(join(this.#folder, shard))))
    const names = await reading
    return names.filter((name) => name.startsWith(`${id}.`))
  }
}
