import { DepotManager, LocalBackend, UploadedFile } from '@filedepot/core'
import { attachDepot, uploadedFileColumn } from '@filedepot/typeorm'
import { randomBytes } from 'node:crypto'
import { DataSource, EntitySchema } from 'typeorm'
import { emptyFolder, KIB } from './harness.mjs'

/** What is in every file. */
export const BYTES = randomBytes(KIB)
const EMAIL = 'ada@example.com'

/** A person with a file, kept by filedepot. */
export class Person {}
/** A person with a file that the program keeps by hand: the row has the same text. */
export class PlainPerson {}
/** A person without any file. */
export class Fileless {}

const columns = {
  id: { type: Number, primary: true, generated: true },
  name: { type: String },
  email: { type: String },
}
const personSchema = new EntitySchema({
  name: 'person',
  target: Person,
  columns: { ...columns, photo: uploadedFileColumn() },
})
const plainSchema = new EntitySchema({
  name: 'plain_person',
  target: PlainPerson,
  columns: { ...columns, photo: { type: 'text', nullable: true } },
})
const filelessSchema = new EntitySchema({ name: 'fileless', target: Fileless, columns })

/** All of the entities. */
export const SCHEMAS = [personSchema, plainSchema, filelessSchema]

/** A database in memory, with all of the entities whether or not filedepot is attached. */
export function openPlain() {
  return new DataSource({
    type: 'better-sqlite3',
    database: ':memory:',
    synchronize: true,
    entities: SCHEMAS,
  }).initialize()
}

/** The same with filedepot, whose files go into a folder. */
export async function openWithDepot(folder) {
  const depot = new DepotManager()
  depot.configure('default', new LocalBackend(folder))
  return attachDepot(await openPlain(), depot)
}

/** A database of people whose files filedepot keeps. */
export async function peopleOfDepot(folder) {
  const dataSource = await openWithDepot(folder)
  return people(dataSource, folder, { type: Person, table: 'person' })
}

/** One of people whose files the program keeps itself. */
export async function peopleByHand(folder) {
  return people(await openPlain(), folder, { type: PlainPerson, table: 'plain_person' })
}

function people(dataSource, folder, { type, table }) {
  return {
    folder,
    dataSource,
    repository: dataSource.getRepository(type),
    make: (name, photo) => Object.assign(new type(), { name, email: EMAIL, photo }),
    async clear() {
      await dataSource.query(`DELETE FROM ${table}`)
      emptyFolder(folder)
    },
  }
}

/** A new file for filedepot to keep. */
export function photo() {
  return UploadedFile.from(BYTES, { filename: 'ada.bin' })
}
