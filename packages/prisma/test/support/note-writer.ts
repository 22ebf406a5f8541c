import type { UploadedFile } from '@filedepot/core'
import { BROKEN, type RowContent, type RowWriter } from '@filedepot/testing/model'
import { brokenFile, textFile } from '../../../../test/support/contents.ts'
import { Prisma } from './generated-client.ts'
import type { TestTransaction } from './test-database.ts'

/** What a note is to hold. */
export interface NoteData {
  readonly text: string
  readonly file: UploadedFile | null
}

/** Takes the ways of writing a row in turns. */
export class Ways {
  #taken = 0

  /** @param hasInnerBatches whether a batch within a transaction is one way: to Prisma itself it is several operations */
  constructor(readonly hasInnerBatches = true) {}

  /** One of two, or the other. */
  next(): boolean {
    return this.#taken++ % 2 === 0
  }
}

/** Writes notes by name with a client, or that of a transaction. */
export class NoteWriter implements RowWriter {
  readonly client: TestTransaction
  readonly #ways: Ways

  constructor(client: TestTransaction, ways: Ways) {
    this.client = client
    this.#ways = ways
  }

  /** All of them or none. */
  async save(contents: ReadonlyMap<string, RowContent>): Promise<void> {
    const notes = new Map([...contents].map(([name, content]) => [name, noteOf(content)]))
    await this.saveAll(notes)
  }

  async saveAll(notes: ReadonlyMap<string, NoteData>): Promise<void> {
    const [first] = notes
    if (notes.size === 1 && first) await this.#saveOne(...first)
    else if ('$connect' in this.client && this.#ways.next()) await this.#saveBatch(notes)
    else {
      await this.client.$transaction(async (inner) => {
        const writer = new NoteWriter(inner, this.#ways)
        if (this.#ways.hasInnerBatches && this.#ways.next()) await writer.#saveBatch(notes)
        else for (const [name, note] of notes) await writer.#saveOne(name, note)
      })
    }
  }

  /** Within a transaction, Prisma makes no savepoint for it. */
  async #saveBatch(notes: ReadonlyMap<string, NoteData>): Promise<void> {
    await this.client.$transaction([...notes].map(this.#upsert))
  }

  async remove(name: string): Promise<void> {
    if (this.#ways.next()) await this.client.note.deleteMany({ where: { name }, limit: 1 })
    else if (await this.client.note.findUnique({ where: { name } })) {
      await this.client.note.delete({ where: { name } })
    }
  }

  async removeAll(names: readonly string[]): Promise<void> {
    await this.client.note.deleteMany({ where: { name: { in: [...names] } } })
  }

  async clearAll(names: readonly string[]): Promise<void> {
    await this.client.note.updateMany({
      where: { name: { in: [...names] } },
      data: { file: Prisma.DbNull, text: '' },
    })
  }

  async move(name: string, parent: string | null): Promise<void> {
    await this.client.note.updateMany({ where: { name }, data: { parentName: parent } })
  }

  async #saveOne(name: string, note: NoteData): Promise<void> {
    if (this.#ways.next()) {
      await this.#upsert([name, note])
      return
    }
    const isThere = (await this.client.note.findUnique({ where: { name } })) !== null
    const data = dataOf(note)
    if (isThere) await this.client.note.update({ where: { name }, data })
    else await this.client.note.create({ data: { name, ...data } })
  }

  readonly #upsert = ([name, note]: readonly [string, NoteData]) => {
    const data = dataOf(note)
    return this.client.note.upsert({ where: { name }, create: { name, ...data }, update: data })
  }
}

/** A file that says this, or breaks off, or none. */
export function noteOf(content: RowContent): NoteData {
  if (content === null) return { text: '', file: null }
  if (content === BROKEN) return { text: '', file: brokenFile() }
  return { text: content, file: textFile(content) }
}

export function dataOf({ text, file }: NoteData) {
  return { text, file: file ?? Prisma.DbNull }
}
